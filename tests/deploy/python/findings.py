"""What a check says: which object, where in it, what is wrong, and how to mend it."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """`code` is a stable word for programs, `where` is `Kind/name`, `path` leads into the object."""

    code: str
    where: str
    path: str
    problem: str
    mend: str

    def __str__(self):
        return f"{self.code}: {self.where} {self.path}: {self.problem}\n    mend: {self.mend}"

    def as_dict(self):
        return asdict(self)
