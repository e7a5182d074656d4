#!/usr/bin/env python3
"""Checks a task exported by `lianjian-server export-task`: verify.py FOLDER_OR_ZIP OFFICE_KEY
OFFICE_KEY (base64url or hex) must come from elsewhere than the bundle. Exit code 0 or 1."""
import base64, hashlib, itertools, json, pathlib, sys, tempfile, uuid, zipfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
LIMITS = """It cannot exclude: changes after a receipt; chains or ledgers not handed over; a stolen key, or one
certified for the wrong person (see above); a wrong clock; that a statement is untrue or a photo shows something
else. Tree heads prove age only against one that somebody else wrote down; SHA-256 of the newest here:"""
def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def b64(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
def holds(key, signature, *message):
    try: return Ed25519PublicKey.from_public_bytes(key).verify(signature, b"".join(message)) is None
    except Exception: return False
def in_tree(leaf, place, path, head):  # RFC 6962: the path holds what is beside the way to the root
    last, h = head["size"] - 1, sha(b"\0", leaf)
    for beside in map(bytes.fromhex, path):
        h = sha(b"\1", beside, h) if place % 2 or place == last else sha(b"\1", h, beside)
        while place == last and place % 2 == 0 and place: place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    return last == 0 and h.hex() == head["root"]

def verify(read, names, pinned, say=print):  # answers what was touched: file, first byte, byte after the last, why
    found, keys, raw = [], {}, read("bundle.json")
    index = json.loads(raw)
    def check(right, why, file="bundle.json", start=0, end=len(raw)):
        if not right: found.append((file, start, end, why))
    def signed(key, tag, item):
        check(holds(key, b64(item["signature"]), tag, item["text"].encode()), "signed otherwise: " + item["text"])
        return json.loads(item["text"])
    def by_server(tag, item): return signed(keys[json.loads(item["text"])["by"], "server"], tag, item)
    for item in index["certificates"]:
        who = signed(pinned, b"lianjian-certificate-v1", item)
        keys[who["replica"], who["role"]] = b64(who["key"])
        say("key of %(role)s %(name)s, replica %(replica)s" % who, "person", who.get("person"))
    intact = holds(keys[index["by"], "server"], read("bundle.sig"), b"lianjian-bundle-v1", raw)
    check(intact, "it or bundle.sig") or check(intact, "or bundle.json", "bundle.sig", 0, len(read("bundle.sig")))
    heads = [by_server(b"lianjian-tree-v1", item) for item in index["tree_heads"]]
    for before, after in zip(index["tree_heads"], heads[1:]):
        check(after["previous"] == sha(before["text"].encode()).hex(), "tree heads are not chained")
    for chain in index["chains"]:
        name, me, hashes, good = chain["file"], [chain["ledger"], chain["replica"]], [], 0
        data, key = read(name), keys.get((me[1], "tablet")) or keys[me[1], "server"]
        ids, ends = b"".join(uuid.UUID(one).bytes for one in me), [0, *itertools.accumulate(chain["lengths"])]
        h = sha(b"lianjian-chain-v1", ids)
        for seal in chain["seals"]:
            pos, sealed = seal["pos"], bytes.fromhex(seal["hash"])
            for n in range(good, pos): hashes.append(h := sha(h, data[ends[n]:ends[n + 1]]))
            check(holds(key, b64(seal["signature"]), b"lianjian-seal-v1", ids, pos.to_bytes(8, "big"), sealed), "seal")
            check(h == sealed, "not what seal %d signs" % pos, name, ends[good], ends[pos])
            h, good = sealed, pos  # from here on as it was sealed, so that further ranges are found too
        check(len(data) == ends[good] == ends[-1], "cut off or added to", name, min(ends[good], len(data)), len(data))
        held, after = by_server(b"lianjian-receipt-v1", chain["receipt"]), 0
        check([held[m] for m in ("ledger", "replica", "upto", "hash")] == me + [good, h.hex()], "receipt of " + name)
        for item in chain["acceptances"]:
            leaf, proof = json.loads(item["leaf"]), (item["index"], item["path"], heads[item["head"]])
            check(in_tree(item["leaf"].encode(), *proof), "not under its tree head: " + item["leaf"])
            check([leaf["ledger"], leaf["replica"], leaf["from"]] == me + [after + 1], "a gap before " + item["leaf"])
            before, after = after, leaf["upto"]
            check(leaf["hash"] == hashes[after - 1].hex(), "not what was accepted", name, ends[before], ends[after])
        check(after == good, "the last acceptance is missing: " + name)
    files = [file for file in index["files"] if file["file"]]
    for name, sha256, data in ((one["file"], one["sha256"], read(one["file"])) for one in files):
        check(sha(data).hex() == sha256, "not the file that was recorded", name, 0, len(data))
    for name in names ^ {"bundle.json", "bundle.sig", *(one["file"] for one in index["chains"] + files)}:
        check(False, "unlisted" if name in names else "missing", name, 0, len(read(name)))
    say(len(index["chains"]), "chains,", len(files), "of", len(index["files"]), "files enclosed")
    say(LIMITS, sha(index["tree_heads"][-1]["text"].encode()).hex())
    return found
def main(source, key):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder if zipfile.is_zipfile(source) else source)
        if zipfile.is_zipfile(source): zipfile.ZipFile(source).extractall(folder)
        names = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        read = lambda name: (root / name).read_bytes() if name in names else b""
        try: found = verify(read, names, bytes.fromhex(key) if len(key) == 64 else b64(key))
        except Exception as why: found = [("bundle.json", 0, len(read("bundle.json")), "unreadable: %r" % why)]
    for file, start, end, why in found: print(f"TOUCHED {file}, bytes {start} to {end}: {why}")
    sys.exit("NOT GENUINE: do not rely on it" if found else print("GENUINE, as far as this can tell"))
if __name__ == "__main__": main(*sys.argv[1:])
