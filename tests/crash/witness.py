#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads what an appliance left on the disk, and says where ledger, status file and database do not tell the same; and
judges from a trace whether what left a process was on the disk before. As a program: usage: witness.py STATE-FOLDER"""
import hashlib
import os
import shutil
import sqlite3
import struct
import sys
import tempfile

HEADER, RECORD, SERIAL_AT = b"keyward ledger 1", 64, 4


def leaf_of(octets):
    at, out = 0, {}

    def take(size):
        nonlocal at
        at += size
        return octets[at - size:at]

    def number():
        return int.from_bytes(take(8), "big")
    out["kind"] = chr(take(1)[0])
    out["when"] = number()
    for name in "reporter", "order", "type", "identifier", "envelope", "serial":
        out[name] = take(int.from_bytes(take(4), "big"))
    out["not_after"], out["refers_to"] = number(), number()
    out["reason"], out["asked_by"], out["thumbprint"], out["tbs_hash"] = take(1)[0], take(1), take(32), take(32)
    take(2 * 32 + 8 + 3 * 32)
    out["more"] = [take(int.from_bytes(take(4), "big")) for _ in range(int.from_bytes(take(4), "big"))]
    assert at == len(octets), "a leaf has octets too many"
    return out


def records_of(data, at):
    """(offset, leaf, TBS) of each whole record; what is torn at the end is left."""
    while at + 8 <= len(data):
        leaf_size, tbs_size = struct.unpack_from(">II", data, at)
        tbs_at, end = at + 8 + leaf_size, at + 8 + leaf_size + tbs_size + 32
        if end > len(data):
            return
        yield at, data[at + 8:tbs_at], data[tbs_at:end - 32], data[end - 32:end]
        at = end


def read_ledger(state):
    data = open(f"{state}/ledger/entries", "rb").read()
    assert data.startswith(HEADER), "the ledger has no header"
    entries, end = [], len(HEADER)
    for offset, leaf, tbs, digest in records_of(data, end):
        assert digest == hashlib.sha256(b"\0" + leaf).digest(), f"hash of entry {len(entries)}"
        entry = leaf_of(leaf)
        assert not tbs or hashlib.sha256(tbs).digest() == entry["tbs_hash"], f"TBS of entry {len(entries)}"
        entries.append(dict(entry, tbs=tbs, offset=offset))
        end = offset + 8 + len(leaf) + len(tbs) + 32
    assert end == len(data), "the ledger ends with a torn record"
    return data, entries


def read_database(state):
    """The appliance must be down: entry to (serial, state, certificate), revoked entry to the one that revoked it, and what is
    wrong with the database."""
    copy = tempfile.mkdtemp(prefix="keyward-witness.", dir="/tmp")
    try:
        shutil.copytree(f"{state}/database", f"{copy}/database")
        base = sqlite3.connect(f"{copy}/database/keyward.db")
        sound = base.execute("PRAGMA integrity_check").fetchone()[0]
        rows = {entry: (bytes(serial), to, bytes(leaf)) for entry, serial, to, leaf in
                base.execute("SELECT entry, serial, state, leaf FROM certificate")}
        revoked = dict(base.execute("SELECT certificate, entry FROM revocation"))
        lost = base.execute("SELECT name FROM acme_order WHERE state = 'v' AND id NOT IN (SELECT acme_order FROM"
                            " certificate WHERE acme_order IS NOT NULL AND state = 'i')").fetchall()
        base.close()
        return rows, revoked, ([] if sound == "ok" else [sound]) + [f"order {name} is valid without a certificate" for name, in lost]
    finally:
        shutil.rmtree(copy, ignore_errors=True)


class Left:
    """What lies in a state folder."""

    def __init__(self, state):
        self.data, self.entries = read_ledger(state)
        self.rows, self.revoked_rows, self.unsound = read_database(state)
        self.status = open(f"{state}/ledger/status", "rb").read()
        closed = {}  # the entry that is closed: the one that closes it
        for n, e in enumerate(self.entries):
            if e["kind"] in "vr" and (closed.setdefault(e["refers_to"], n) != n or e["refers_to"] >= n):
                self.unsound.append(f"entry {n} closes {e['refers_to']} a second time, or before it was made")
        self.voids = {entry: n for entry, n in closed.items() if self.entries[n]["kind"] == "v"}
        self.revoked = {entry: n for entry, n in closed.items() if self.entries[n]["kind"] == "r"}

    def orders_twice(self):
        """One order, one certificate."""
        first = {}
        return [f"entries {first[key]} and {n} are both of order {key[1].decode()}" for n, e in enumerate(self.entries)
                for key in [(e["kind"], e["order"])] if e["kind"] in "ca" and first.setdefault(key, n) != n]

    def database_faults(self):
        """Each entry of a certificate is a row with that certificate, or is closed by a void."""
        out = [f"a row of entry {n}, which the ledger has not" for n in self.rows if n >= len(self.entries)]
        for n, e in enumerate(self.entries):
            row = self.rows.get(n)
            if e["kind"] not in "ca":
                good = row is None
            elif n in self.voids:
                good = row is None or row[1] == "v"
            else:
                good = row is not None and row[1] == "i" and row[0] == e["serial"] and e["tbs"] in row[2]
            if not good:
                out.append(f"entry {n} kind {e['kind']} void {self.voids.get(n)} row {row and row[:2]}")
        return out

    def revocation_faults(self, told):
        """The ledger's revocations are the database's, and each that a client was told of is one of them."""
        held = {leaf: entry for entry, (_, _, leaf) in self.rows.items()}
        out = [] if self.revoked == self.revoked_rows else [f"ledger {self.revoked}, database {self.revoked_rows}"]
        return out + [f"entry {held.get(one)} is not revoked, and a client was told so" for one in told
                      if held.get(one) not in self.revoked]

    def status_faults(self):
        out = [] if len(self.status) == RECORD * len(self.entries) else [f"the status file has {len(self.status)} octets"]
        for n, e in enumerate(self.entries):
            r = self.status[RECORD * n:RECORD * (n + 1)]
            expected = "-" if e["kind"] in "vrs" else "v" if n in self.voids else "r" if n in self.revoked else "i"
            if len(r) != RECORD or chr(r[0]) != expected or chr(r[1]) != e["kind"] or \
                    int.from_bytes(r[24:32], "big") != e["offset"] or \
                    (e["kind"] in "cat" and r[SERIAL_AT:SERIAL_AT + 20] != e["serial"]):
                out.append(f"entry {n} kind {e['kind']}: status {r[:24].hex()}, expected {expected}")
        return out

    def received_faults(self, received):
        """What a client received is issued in the database, in the ledger, and not void."""
        held = {leaf: entry for entry, (_, to, leaf) in self.rows.items() if to == "i"}
        out = []
        for certificate in received:
            entry = held.get(certificate)
            if entry is None or entry in self.voids or entry >= len(self.entries) or \
                    self.entries[entry]["tbs"] not in certificate:
                out.append(f"{hashlib.sha256(certificate).hexdigest()} entry {entry}, void {entry in self.voids}")
        return out


def certificate_of(issued):
    """The leaf in a message `issued` or `tls_certified`: the first DER after the header."""
    at = issued.index(b"\x30\x82", 6)
    return issued[at:at + 4 + int.from_bytes(issued[at + 2:at + 4], "big")]


class Disk:
    """Follows a trace: what of one file would be there if the power went now. A write counts once a sync that began
    after it has succeeded."""

    def __init__(self, path):
        self.path, self.written, self.synced = path, [], b""
        self.data, self.begun = {}, {}

    def step(self, number, verb, call, what, rest):
        if what != self.path:
            return
        if verb == "make":
            self.data[number] = bytes.fromhex(rest)
            self.begun[number] = len(self.written)
        elif call == "pwrite64" and int(rest) > 0:
            self.written.append(self.data[number][:int(rest)])
        elif call in ("fdatasync", "fsync") and rest == "0":
            self.synced += b"".join(self.written[:self.begun[number]])
            self.written = self.written[self.begun[number]:]


def judge(trace, disk, receives, sends, knows):
    """Walks a trace; for each message of `sends`: the certificates that it or a message of `receives` before it
    brought, which `knows` does not find in what is synced. Gives (messages judged, faults)."""
    brought, judged, faults = [], 0, []
    for line in trace:
        number, verb, call, what, rest = (line.split(" ", 4) + [""])[:5]
        disk.step(number, verb, call, what, rest)
        if verb == "got" and what in receives:
            brought.append(certificate_of(bytes.fromhex(rest)))
        if verb != "make" or call != "sendto" or what not in sends:
            continue
        message = bytes.fromhex(rest)
        judged += 1
        inside = brought if receives else [certificate_of(message)]
        faults += [f"step {number}, {what}: {one[:80].hex()}... is not on the disk" for one in inside
                   if not knows(disk.synced, one)]
    return judged, faults


def judge_signer(trace):
    """Each certificate that is sent has the TBS of an entry that was synced before."""
    def knows(synced, certificate):
        return any(tbs and tbs in certificate for _, _, tbs, _ in records_of(synced, 0))
    return judge(trace, Disk("/ledger/entries"), (), ("issued", "tls_certified"), knows)


def judge_registrar(trace):
    """Nothing is answered after the signer gave a certificate, until its row is synced."""
    return judge(trace, Disk("/database/keyward.db-wal"), ("issued",), ("response",), lambda synced, one: one in synced)


def main():
    left = Left(sys.argv[1])
    faults = left.unsound + left.orders_twice() + left.database_faults() + left.status_faults()
    print("\n".join(faults))
    print(f"{len(left.entries)} entries, {len(left.rows)} rows, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
