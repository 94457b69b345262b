//! Reads a Dockerfile, strictly: what this reader does not know is refused, so that nothing in it goes unjudged. No parser
//! directives, no heredocs, no instruction beyond those of [`KNOWN`].

use std::collections::BTreeMap;

const KNOWN: [&str; 15] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "RUN",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A whole file.
pub struct Dockerfile {
    /// What stands before the first `FROM`.
    pub arguments: BTreeMap<String, String>,
    pub stages: Vec<Stage>,
}

/// From one `FROM` to the next.
pub struct Stage {
    pub name: String,
    /// An image, or the name of an earlier stage.
    pub base: String,
    pub steps: Vec<Step>,
}

/// One instruction.
pub struct Step {
    pub word: String,
    /// `--name=value` in front.
    pub flags: BTreeMap<String, String>,
    pub rest: String,
}

impl Dockerfile {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut file = Self {
            arguments: BTreeMap::new(),
            stages: Vec::new(),
        };
        for line in joined(text)? {
            let step = Step::parse(&line)?;
            if step.word == "FROM" {
                let stage = file.stage(&step)?;
                file.stages.push(stage);
            } else if let Some(stage) = file.stages.last_mut() {
                stage.steps.push(step);
            } else if step.word == "ARG" {
                let (name, value) = step.argument();
                file.arguments.insert(name, value.unwrap_or_default());
            } else {
                return Err(format!("{} stands before the first FROM", step.word));
            }
        }
        Ok(file)
    }

    fn stage(&self, step: &Step) -> Result<Stage, String> {
        let words: Vec<&str> = step.rest.split_whitespace().collect();
        let (base, name) = match words.as_slice() {
            [base, word, name] if word.eq_ignore_ascii_case("as") => (base, *name),
            [base] => (base, ""),
            _ => return Err(format!("FROM {} can't be read", step.rest)),
        };
        Ok(Stage {
            name: name.to_owned(),
            base: expanded(base, &self.arguments)?,
            steps: Vec::new(),
        })
    }

    pub fn last(&self) -> &Stage {
        self.stages.last().expect("a stage")
    }
}

impl Stage {
    pub fn all(&self, word: &str) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.word == word)
    }

    /// The one that counts, for instructions of which only the last does.
    pub fn the(&self, word: &str) -> Option<&Step> {
        self.all(word).last()
    }

    /// The defaults of its build arguments.
    pub fn arguments(&self) -> BTreeMap<String, String> {
        let given = self.all("ARG").map(Step::argument);
        given
            .map(|(name, value)| (name, value.unwrap_or_default()))
            .collect()
    }
}

impl Step {
    fn parse(line: &str) -> Result<Self, String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if !KNOWN.contains(&word) {
            return Err(format!("{word:?} is no instruction that is known here"));
        }
        if matches!(word, "RUN" | "COPY" | "ADD") && rest.contains("<<") {
            return Err(format!("{word} has a heredoc: {rest}"));
        }
        let (mut flags, mut rest) = (BTreeMap::new(), rest.trim());
        while let Some(after) = rest.strip_prefix("--") {
            let (flag, left) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
            let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
            flags.insert(name.to_owned(), value.to_owned());
            rest = left.trim_start();
        }
        Ok(Self {
            word: word.to_owned(),
            flags,
            rest: rest.to_owned(),
        })
    }

    /// `NAME` or `NAME=default`.
    pub fn argument(&self) -> (String, Option<String>) {
        match self.rest.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.trim_matches('"').to_owned())),
            None => (self.rest.clone(), None),
        }
    }

    /// The JSON form; nothing when it is a line for a shell.
    pub fn exec_form(&self) -> Option<Vec<String>> {
        exec_form(&self.rest)
    }

    /// `name=value name="value"`.
    pub fn pairs(&self) -> Result<Vec<(String, String)>, String> {
        let mut pairs = Vec::new();
        for word in quoted_words(&self.rest) {
            let pair = word
                .split_once('=')
                .ok_or_else(|| format!("{} {word} is not name=value", self.word))?;
            pairs.push((pair.0.to_owned(), pair.1.to_owned()));
        }
        Ok(pairs)
    }

    /// What a `COPY` takes, and where it puts it.
    pub fn sources_and_target(&self) -> Result<(Vec<String>, String), String> {
        let mut words: Vec<String> = self.rest.split_whitespace().map(str::to_owned).collect();
        let target = words.pop().filter(|_| !words.is_empty());
        target
            .map(|target| (words, target))
            .ok_or_else(|| format!("COPY {} can't be read", self.rest))
    }
}

pub fn exec_form(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text.trim()).ok()
}

/// `${NAME}` for its value; an unknown name is a fault.
pub fn expanded(text: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, left) = after
            .split_once('}')
            .ok_or_else(|| format!("{text} has no end"))?;
        let value = values
            .get(name)
            .ok_or_else(|| format!("{name} is no build argument of this place"))?;
        out.push_str(before);
        out.push_str(value);
        rest = left;
    }
    if rest.contains('$') {
        return Err(format!("{text}: write ${{NAME}}"));
    }
    Ok(out + rest)
}

/// Instructions as one line each, without comments.
fn joined(text: &str) -> Result<Vec<String>, String> {
    let (mut lines, mut open) = (Vec::new(), String::new());
    for line in text.lines().map(str::trim) {
        let directive = line.strip_prefix('#').map(str::trim_start);
        if directive.is_some_and(|told| told.starts_with("syntax=") || told.starts_with("escape=")) {
            return Err(format!("a parser directive: {line}"));
        }
        if line.starts_with('#') {
            continue;
        }
        if line.is_empty() && !open.is_empty() {
            return Err(format!("an empty line inside {open:?}"));
        }
        let (part, goes_on) = match line.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (line, false),
        };
        if !open.is_empty() {
            open.push(' ');
        }
        open.push_str(part);
        if !goes_on && !open.is_empty() {
            lines.push(std::mem::take(&mut open));
        }
    }
    if open.is_empty() {
        Ok(lines)
    } else {
        Err(format!("the file ends inside {open:?}"))
    }
}

/// Words, those in double quotes whole and without them.
fn quoted_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut inside) = (Vec::new(), String::new(), false);
    for char in text.chars() {
        match char {
            '"' => inside = !inside,
            char if char.is_whitespace() && !inside => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            char => word.push(char),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
