//! The path of a call: version, object, edge. It knows which versions of the Graph API live and refuses those that don't
//! exist yet; which objects and edges there are is not its concern.

use super::failure::Failure;

/// The newest version (Meta, Graph API changelog: v26.0, 2026-07-29).
pub const NEWEST: u32 = 26;
/// The oldest that still lives: v21.0 until 2027-01-21; v20.0 ended 2026-09-24.
const OLDEST: u32 = 21;
/// From here on no version has a part behind its dot but 0.
const WHOLE: u32 = 4;

/// `/{version}/{object}/{edge}/{item}`. Versions that ended, and paths without a version, are served as the oldest living
/// version is, which is what the Graph API does with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub version: u32,
    pub object: String,
    /// Empty for the object itself.
    pub edge: String,
    /// One member of the edge's list.
    pub item: Option<String>,
}

impl Route {
    /// Reads a path.
    pub fn parse(path: &str) -> Result<Route, Failure> {
        let path = path.trim_matches('/');
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        let version = match parts.peek().copied().and_then(version_of) {
            Some(version) => {
                parts.next();
                version
            }
            None => (OLDEST, 0),
        };
        let (major, minor) = version;
        if major > NEWEST || (major >= WHOLE && minor > 0) {
            return Err(Failure::unknown_path(path));
        }
        let object = parts.next().ok_or_else(|| Failure::unknown_path(path))?;
        let edge = parts.next().unwrap_or_default();
        let item = parts.next().map(str::to_owned);
        if parts.next().is_some() {
            return Err(Failure::unknown_path(path));
        }
        Ok(Route {
            version: major.max(OLDEST),
            object: object.to_owned(),
            edge: edge.to_owned(),
            item,
        })
    }
}

/// `v25.0` is 25 and 0.
fn version_of(part: &str) -> Option<(u32, u32)> {
    let (major, minor) = part.strip_prefix('v')?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(path: &str) -> Result<u32, i64> {
        Route::parse(path)
            .map(|route| route.version)
            .map_err(|failure| failure.code)
    }

    #[test]
    fn ended_versions_and_none_are_the_oldest_living_one() {
        assert_eq!(version("/v26.0/123/messages"), Ok(26));
        assert_eq!(version("/v2.12/123/messages"), Ok(OLDEST));
        assert_eq!(version("/v19.0/123"), Ok(OLDEST));
        assert_eq!(version("/123/messages"), Ok(OLDEST));
    }

    #[test]
    fn versions_that_do_not_exist_are_refused() {
        for path in [
            "/v27.0/123",
            "/v99.0/123/messages",
            "/v25.1/123",
            "/v26.0",
            "/v26.0/",
        ] {
            assert_eq!(version(path), Err(2500), "{path}");
        }
    }

    #[test]
    fn an_edge_may_have_one_item() {
        let route = Route::parse("/v26.0/123/message_qrdls/ABC/").unwrap();

        assert_eq!(
            (route.object.as_str(), route.edge.as_str()),
            ("123", "message_qrdls")
        );
        assert_eq!(route.item.as_deref(), Some("ABC"));
        assert!(Route::parse("/v26.0/1/2/3/4").is_err());
    }
}
