"""Who sends the demo's calls, and from which product."""

import random
from typing import Final

import msgspec

__all__ = ["PEOPLE", "Person", "choose"]


class Person(msgspec.Struct, frozen=True):
    """One end user of the demo's company."""

    name: str
    plan: str
    region: str
    weight: float
    """How much of the traffic is theirs, against the others'."""


PEOPLE: Final = (
    Person("maya.okafor", "enterprise", "eu-west", 14),
    Person("jonas.weber", "enterprise", "eu-west", 11),
    Person("priya.raman", "enterprise", "ap-south", 10),
    Person("daniel.kim", "pro", "us-east", 8),
    Person("sofia.marchetti", "pro", "eu-west", 7),
    Person("liam.oconnor", "pro", "us-east", 6),
    Person("hana.suzuki", "pro", "ap-south", 6),
    Person("carlos.mendez", "pro", "us-east", 5),
    Person("ines.ferreira", "pro", "eu-west", 4.5),
    Person("noah.fischer", "pro", "eu-west", 4),
    Person("amara.diallo", "free", "eu-west", 3.5),
    Person("tom.baker", "free", "us-east", 3),
    Person("wei.zhang", "free", "ap-south", 3),
    Person("olga.petrova", "free", "eu-west", 2.5),
    Person("ravi.patel", "free", "ap-south", 2),
    Person("emily.nguyen", "free", "us-east", 2),
    Person("lucas.andrade", "free", "us-east", 1.5),
    Person("fatima.haddad", "free", "eu-west", 1.5),
    Person("ben.cohen", "free", "us-east", 1),
    Person("zoe.laurent", "free", "eu-west", 1),
    Person("mikael.lund", "free", "eu-west", 0.8),
    Person("grace.mwangi", "free", "eu-west", 0.7),
    Person("yusuf.demir", "free", "eu-west", 0.5),
    Person("anna.kowalska", "free", "eu-west", 0.4),
)
_WEIGHTS: Final = [person.weight for person in PEOPLE]


def choose(chance: random.Random) -> Person:
    return chance.choices(PEOPLE, _WEIGHTS)[0]
