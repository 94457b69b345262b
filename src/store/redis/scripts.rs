//! The Lua scripts: what runs in one piece inside the server. Each checks everything before its first write. Those that end
//! or drain work may run when the server's memory is full (`allow-oom`); those that bring work may not.

use redis::Cmd;

/// One script and its digest.
pub(super) struct Script {
    code: &'static str,
    sha: String,
}

/// All scripts of this version.
pub(super) struct Scripts {
    pub(super) commit: Script,
    pub(super) lanes: Script,
    pub(super) look: Script,
    pub(super) totals: Script,
    pub(super) claim: Script,
    pub(super) start: Script,
    pub(super) settle: Script,
    pub(super) release: Script,
    pub(super) status: Script,
    pub(super) erase: Script,
    pub(super) take: Script,
    pub(super) debit: Script,
    pub(super) products: Script,
    pub(super) raise: Script,
    pub(super) record: Script,
    pub(super) hold: Script,
    pub(super) idempotent: Script,
    pub(super) park: Script,
    pub(super) letters: Script,
    pub(super) letter_groups: Script,
    pub(super) unpark: Script,
}

macro_rules! lua {
    ($flags:literal, $($file:literal),+) => {
        Script::new(concat!("#!lua", $flags, "\n", $(include_str!(concat!("scripts/", $file, ".lua")), "\n"),+))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            commit: lua!("", "lane", "letter", "commit"),
            lanes: lua!(" flags=no-writes", "lanes"),
            look: lua!(" flags=no-writes", "lane", "look"),
            totals: lua!(" flags=no-writes", "totals"),
            claim: lua!(" flags=allow-oom", "lane", "claim"),
            start: lua!(" flags=allow-oom", "lane", "budget", "start"),
            settle: lua!(" flags=allow-oom", "lane", "settle"),
            release: lua!(" flags=allow-oom", "lane", "release"),
            status: lua!(" flags=allow-oom", "lane", "status"),
            erase: lua!(" flags=allow-oom", "lane", "erase"),
            take: lua!(" flags=allow-oom", "budget", "take"),
            debit: lua!(" flags=allow-oom", "budget", "debit"),
            products: lua!("", "products"),
            raise: lua!("", "raise"),
            record: lua!(" flags=allow-oom", "record"),
            hold: lua!(" flags=allow-oom", "hold"),
            idempotent: lua!("", "idempotent"),
            park: lua!(" flags=allow-oom", "letter", "park"),
            letters: lua!(" flags=allow-oom", "letter", "letters"),
            letter_groups: lua!(" flags=allow-oom", "letter", "letter_groups"),
            unpark: lua!(" flags=allow-oom", "letter", "unpark"),
        }
    }

    /// The commands that make the server know all of them, so that later calls by digest find them.
    pub(super) fn load_commands(&self) -> Vec<Cmd> {
        let all = [
            &self.commit,
            &self.lanes,
            &self.look,
            &self.totals,
            &self.claim,
            &self.start,
            &self.settle,
            &self.release,
            &self.status,
            &self.erase,
            &self.take,
            &self.debit,
            &self.products,
            &self.raise,
            &self.record,
            &self.hold,
            &self.idempotent,
            &self.park,
            &self.letters,
            &self.letter_groups,
            &self.unpark,
        ];
        all.iter().map(|script| script.load_command()).collect()
    }
}

impl Script {
    fn new(code: &'static str) -> Self {
        Self {
            code,
            sha: redis::Script::new(code).get_hash().to_owned(),
        }
    }

    fn load_command(&self) -> Cmd {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(self.code);
        command
    }

    /// A call with these keys (the first decides the slot) and arguments.
    pub(super) fn call(&self, keys: Vec<String>, args: Vec<String>) -> Call<'_> {
        Call {
            script: self,
            keys,
            args,
        }
    }
}

/// A write that changes nothing and is taken when memory is full too: WAIT waits for it where the calls before it wrote
/// nothing. Short enough to be sent in full each time.
pub(super) fn beat(key: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command
        .arg(concat!(
            "#!lua flags=allow-oom\n",
            include_str!("scripts/beat.lua")
        ))
        .arg(1)
        .arg(key);
    command
}

/// One call of a script; can be sent by digest and, when the server does not know it, in full.
pub(super) struct Call<'a> {
    script: &'a Script,
    keys: Vec<String>,
    args: Vec<String>,
}

impl Call<'_> {
    pub(super) fn by_digest(&self) -> Cmd {
        self.command("EVALSHA", &self.script.sha)
    }

    pub(super) fn in_full(&self) -> Cmd {
        self.command("EVAL", self.script.code)
    }

    /// The key that decides the slot.
    pub(super) fn slot_key(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len());
        for text in self.keys.iter().chain(&self.args) {
            command.arg(text.as_str());
        }
        command
    }
}
