//! What `.dockerignore` keeps out of a build's context. The last rule that fits a path or a folder above it decides.

/// The rules, in their order.
pub struct Ignore {
    rules: Vec<Rule>,
}

struct Rule {
    keeps_out: bool,
    parts: Vec<String>,
}

impl Ignore {
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let rules = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rules = rules.map(|line| {
            let (keeps_out, pattern) = match line.strip_prefix('!') {
                Some(pattern) => (false, pattern),
                None => (true, line),
            };
            let parts = pattern.trim_matches('/').split('/').map(str::to_owned).collect();
            Rule { keeps_out, parts }
        });
        Self {
            rules: rules.collect(),
        }
    }

    /// True when a build does not see this path, which is relative to the context.
    pub fn keeps_out(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let applies = |rule: &&Rule| (1..=parts.len()).any(|depth| fits(&rule.parts, &parts[..depth]));
        self.rules
            .iter()
            .rfind(applies)
            .is_some_and(|rule| rule.keeps_out)
    }
}

fn fits(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            fits(rest, path) || path.split_first().is_some_and(|(_, below)| fits(pattern, below))
        }
        (Some((first, rest)), Some((name, below))) => name_fits(first, name) && fits(rest, below),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn name_fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.any(|at| name_fits(after, &rest[at..]))
        }),
    }
}

#[test]
fn the_last_rule_that_fits_decides() {
    let ignore = Ignore::parse("# all\n*\n!src\nsrc/**/*.swp\n!web/\n");
    for (path, kept_out) in [
        ("target/release/sacola", true),
        ("src", false),
        ("src/cli/mod.rs", false),
        ("src/cli/.mod.rs.swp", true),
        ("src/.swp", true),
        ("web/console/index.html", false),
        ("website", true),
    ] {
        assert_eq!(ignore.keeps_out(path), kept_out, "{path}");
    }
}
