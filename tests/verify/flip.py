"""Flips bytes of a bundle and asks docs/verify.py each time: the untouched bundle must pass, each flip
must be noticed, and one of the ranges named must hold it. What is enclosed and how it is written is the
server's; how it is checked is verify.py's.

flip.py VERIFY_PY BUNDLE_FOLDER OFFICE_KEY COUNT SEED
"""
import importlib.util, json, pathlib, random, sys


def load(path):
    spec = importlib.util.spec_from_file_location("verify", path)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def ranges(verify, members, key):
    """What verify.py names, with the members in memory; an exception as its main() takes it."""
    read = lambda name: members.get(name, b"")
    try:
        return verify.verify(read, set(members), verify.b64(key), say=lambda *_: None)
    except Exception as why:
        return [("bundle.json", 0, len(members.get("bundle.json", b"")), repr(why))]


def fail(text):
    print(text)
    sys.exit(1)


def flips(verify, members, key, count, dice):
    """Each member gets its share, however small it is, so that no kind of file is left out."""
    names, narrow = sorted(members), 0
    for turn in range(count):
        name = names[turn % len(names)] if turn % 2 else dice.choices(names, [len(members[n]) for n in names])[0]
        if not members[name]:
            continue
        at = dice.randrange(len(members[name]))
        touched = bytearray(members[name])
        touched[at] ^= dice.randrange(1, 256)
        found = ranges(verify, members | {name: bytes(touched)}, key)
        if not any(file == name and start <= at < end for file, start, end, _ in found):
            fail(f"byte {at} of {name} was flipped; named: {found}")
        if name.startswith("chains/"):
            wrongly = [one for one in found if one[0].startswith("chains/") and one[0] != name]
            if wrongly:
                fail(f"byte {at} of {name} was flipped; innocent: {wrongly}")
            narrow += any(file == name and end - start < len(members[name]) for file, start, end, _ in found)
    return narrow


def larger(verify, members, key, index):
    """What is cut off, added, taken out, swapped or taken from elsewhere."""
    chain = max(index["chains"], key=lambda one: len(one["lengths"]))
    name, data = chain["file"], members[chain["file"]]
    swapped = members | {a["file"]: members[b["file"]] for a, b in zip(index["chains"], index["chains"][1:])}
    cases = {
        "the end cut off": members | {name: data[:-1]},
        "bytes added": members | {name: data + b"{}"},
        "a chain emptied": members | {name: b""},
        "a chain taken out": {n: b for n, b in members.items() if n != name},
        "a file added": members | {"files/more": b"more"},
        "a chain under another's name": swapped,
        "no signature": members | {"bundle.sig": b""},
        "no index": {n: b for n, b in members.items() if n != "bundle.json"},
        "nothing": {},
    }
    for what, changed in cases.items():
        if not ranges(verify, changed, key):
            fail(f"not noticed: {what}")


def main(path, folder, key, count, seed):
    verify, root = load(path), pathlib.Path(folder)
    members = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    if found := ranges(verify, members, key):
        fail(f"the untouched bundle does not pass: {found}")
    if not ranges(verify, members, "A" * 43):
        fail("another office's key is taken")
    narrow = flips(verify, members, key, int(count), random.Random(int(seed)))
    if not narrow:
        fail("no range was narrower than its file")
    larger(verify, members, key, json.loads(members["bundle.json"]))
    print(f"{count} flips noticed in {len(members)} members, {narrow} of them narrowed down within a chain")


if __name__ == "__main__":
    main(*sys.argv[1:])
