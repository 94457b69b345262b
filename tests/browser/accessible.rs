//! Placeholder until the pages are merged.
