# The image of Sacola: one program, no shell, no package manager, user 65532, nothing to write but /var/lib/sacola.
#
#   docker build -t sacola:0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .
#
# Podman and Buildah build it too: nothing here needs BuildKit. docs/DEPLOYMENT.md tells how to pin, verify and run it;
# tests/deploy/container.rs does the same steps into a folder, on machines without a container engine.

# Build arguments. Each base is pinned by a tag that says what is in it. To pin one by its digest:
#   --build-arg RUST_IMAGE=docker.io/library/rust:1.95-bookworm@sha256:…
# The builder's Debian is that of the last stage: the program needs a C library at least as new as the one it was linked to.
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# --- what the program is built from: this layer changes when Cargo.toml or Cargo.lock does ---------------------------------
FROM ${RUST_IMAGE} AS dependencies
WORKDIR /build
# Empty stand-ins for every target that Cargo.toml names: Cargo builds the dependencies, and the layer is kept until the
# manifests change. A cache mount would do the same on one machine; a layer also travels to the next one (--cache-from).
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src tests benches/gateway \
    && echo 'fn main() {}' | tee src/main.rs tests/integration.rs benches/gateway/main.rs > /dev/null \
    && : > src/lib.rs \
    && cargo build --release --locked --bin sacola

# --- the program: this layer changes with every source --------------------------------------------------------------------
FROM dependencies AS build
COPY src src
COPY web web
# Copied files keep their times, which are older than the stand-ins' build: without the touch Cargo would take that as good.
# The profile "release" strips the program. The empty folder becomes the volume, owned by the user of the last stage.
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked --bin sacola \
    && mkdir -p /out/var/lib/sacola \
    && cp target/release/sacola /out/sacola

# --- the image: C library, certificates of public authorities, time zones, and Sacola ---------------------------------------
FROM ${RUNTIME_IMAGE} AS runtime
# VERSION is the package's; REVISION and SOURCE are the commit and where it is kept, when the builder knows them.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="Sacola" \
      org.opencontainers.image.description="A gateway that brings chat purchases to any shop: WhatsApp first." \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/sacola/
COPY --from=build --chown=65532:65532 /out/var/lib/sacola /var/lib/sacola
COPY --from=build /out/sacola /usr/local/bin/sacola
# Logs as lines of JSON, for whoever collects them.
ENV SACOLA_LOG=json
USER 65532:65532
# A store without an absolute path lies in the volume too.
WORKDIR /var/lib/sacola
VOLUME ["/var/lib/sacola"]
# Webhooks, callbacks and merchant API; health, metrics and console.
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
# The process answers. A store outage restarts nothing: whether traffic is welcome is /readyz, for who sends it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/sacola", "health", "--url", "http://127.0.0.1:9090/livez"]
ENTRYPOINT ["/usr/local/bin/sacola"]
CMD ["serve", "--config", "/etc/sacola/sacola.toml"]
