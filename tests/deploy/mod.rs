//! What an operator takes from `deploy/`, held to what the program is: the image, the manifests, the alerts and the dashboard.
//! It uses the tools that an operator uses (kubectl, promtool, Prometheus) and needs neither a cluster nor a container engine.

mod alerts;
mod compose;
mod container;
mod links;
mod manifests;
mod running;
mod systemd;
