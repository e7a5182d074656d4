"""Schemathesis over the server's own description: a real server with the demonstration's city, asked as
every role, as a tablet and as nobody. No answer may be a 5xx, and every answer must be as described.

run.py SERVER_BINARY FOLDER [SECONDS_PER_CALLER]
"""
import base64, json, os, pathlib, subprocess, sys, urllib.request, uuid
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance," \
         "response_headers_conformance"
# A stream that never ends, and a form that takes seconds to typeset: asked once, below. Signing out would
# end the role's own session; nobody does it.
ONCE = ["listen", "site_record"]


class Server:
    def __init__(self, binary, folder):
        self.binary, self.data, self.log = binary, folder / "data", folder / "server.log"
        command = [binary, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--demo-seed", "1"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log.open("w"))
        self.url = json.loads(self.process.stdout.readline())["url"]

    def says(self, *words):
        return json.loads(subprocess.check_output([self.binary, *words, "--data", self.data], stderr=subprocess.DEVNULL))

    def ask(self, method, path, body=None, **headers):
        headers = {"X-Lianjian": "1", "Content-Type": "application/json"} | headers
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        return urllib.request.urlopen(request, timeout=120)


def callers(server):
    """Who asks: a name, their headers and what they ask about. Signed in before anybody fails to."""
    cookies = {}
    for account in server.says("demo-accounts"):
        who = {"account": account["account"], "password": account["password"]}
        answer = server.ask("POST", "/api/session", who)
        cookies.setdefault(account["role"], answer.headers["Set-Cookie"].split(";")[0])
    office = cookies["committee_office"]
    fetch = lambda path: json.load(server.ask("GET", path, Cookie=office))
    known = {"task": server.says("demo-task")["task"] or fetch("/api/tasks")["rows"][0]["task"]}
    departments = [one for one in fetch("/api/departments") if one["tier"] == "city"]
    known["id"] = departments[0]["id"]
    person = next(one for one in fetch(f"/api/departments/{known['id']}/inspectors") if one["valid"])
    code = server.says("enrolment-code", "--person", person["cert_no"])["code"]
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    enrolled = json.load(server.ask("POST", "/v1/enrol", {
        "code": code, "replica": str(uuid.uuid4()), "app_version": "0.1.0",
        "key": base64.urlsafe_b64encode(key).decode().rstrip("="),
    }))
    for role, cookie in sorted(cookies.items()):
        yield role, {"Cookie": cookie, "X-Lianjian": "1"}, known, ["--exclude-operation-id", "sign_out"]
    yield "tablet", {"Authorization": "Bearer " + enrolled["token"]}, {}, ["--include-path-regex", "^/v1/"]
    yield "nobody", {"X-Lianjian": "1"}, {}, []


def once(server, cookie):
    """What is left out above."""
    tasks = json.load(server.ask("GET", "/api/tasks", Cookie=cookie))["rows"]
    pdf = server.ask("GET", f"/api/tasks/{tasks[0]['task']}/site-record.pdf", Cookie=cookie)
    assert pdf.headers["Content-Type"] == "application/pdf" and pdf.read(5) == b"%PDF-", "no site record"


def main(binary, folder, seconds="20"):
    folder = pathlib.Path(folder).absolute()
    server, failed = Server(pathlib.Path(binary).absolute(), folder), []
    try:
        for name, headers, known, more in list(callers(server)):
            config = folder / f"{name}.toml"
            config.write_text("".join(f'parameters."path.{key}" = "{value}"\n' for key, value in known.items()))
            if name == "supervisor":
                once(server, headers["Cookie"])
            command = [pathlib.Path(sys.executable).with_name("st"), "--config-file", config, "--no-color", "run",
                       server.url + "/api/openapi.json", "--url", server.url, "--checks", CHECKS, "--seed", "1",
                       "--max-examples", "12", "--max-time", seconds, "--phases", "examples,coverage,fuzzing",
                       "--continue-on-failure", "--request-timeout", "60", "--suppress-health-check", "all",
                       "--warnings", "off", *more]
            for operation in ONCE:
                command += ["--exclude-operation-id", operation]
            for header, value in headers.items():
                command += ["--header", f"{header}: {value}"]
            print(f"=== as {name}", flush=True)
            here = {"PYTHONPATH": str(pathlib.Path(__file__).parent), "SCHEMATHESIS_HOOKS": "hooks"}
            if subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, env=os.environ | here).returncode:
                failed.append(name)
            if server.process.poll() is not None:
                failed.append(f"the server ended while {name} asked")
                break
        log = server.log.read_text()
        failed += [words for words in ("panicked", "a request failed") if words in log]
    finally:
        server.process.terminate()
        server.process.wait(60)
    print("failed: " + ", ".join(failed) if failed else "every answer is as described")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
