#!/usr/bin/env python3
"""Makes the fixture of a release: what its own programs store and answer.

    tests/released/populate.py FLORIN_API NAME COMMIT > tests/released/NAME.jsonl

Starts that server on a new SQLite file, has people do a bit of everything over HTTP, asks for lists and summaries, and
prints one JSON object a line: what the release is, its people, every row of every table, and every question with its answer.
Run once for each release, with its own programs; tests/tests/upgrades migrates the outcome on every engine.
"""

import http.client
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

SECRET = "the secret of an installation that is upgraded"
PASSWORD = "a password of many words"
PORT = 18473


class Server:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.environment = {
            "FLORIN__DATABASE__URL": f"sqlite://{folder}/florin.db",
            "FLORIN__SERVER__BIND": f"127.0.0.1:{PORT}",
            "FLORIN__AUTH__SECRET": SECRET,
            "FLORIN__AUTH__ARGON2_M_KIB": "1024",
            "FLORIN__AUTH__ARGON2_T": "1",
        }

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "serve"], env=self.environment, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for _ in range(200):
            try:
                return self.ask("GET", "/readyz")
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server does not start")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0

    def code(self, email):
        while True:
            line = json.loads(self.process.stdout.readline())
            if line.get("email") == email:
                return line["otp"]

    def ask(self, method, path, body=None, token=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        headers = dict(headers or {})
        if token:
            headers["authorization"] = f"Bearer {token}"
        if body is not None:
            headers["content-type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def main():
    program, name, commit = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(os.path.abspath(program), folder)
        server.start()
        fixture = [line for line in populate(server)]
        server.stop()
        subprocess.run([program, "verify"], env=server.environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        migrations, schema, tables = dump(f"{folder}/florin.db")
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 1))
    show({"release": name, "commit": commit, "secret": SECRET, "at": now, "migrations": migrations, "schema": schema})
    for line in fixture:
        show(line)
    for table, rows in tables:
        for row in rows:
            show({"table": table, "row": row})


def show(line):
    print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


def dump(path):
    database = sqlite3.connect(path)
    migrations = [row[0] for row in database.execute("SELECT version FROM seaql_migrations ORDER BY version")]
    schema = [row[0] for row in database.execute("SELECT COALESCE(sql, name) FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")]
    schema = sorted(line for line in schema if "seaql_migrations" not in line)
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'seaql_migrations' ORDER BY rowid"
    tables = []
    for (table,) in database.execute(names).fetchall():
        cursor = database.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2')
        columns = [column[0] for column in cursor.description]
        value = lambda cell: {"hex": cell.hex()} if isinstance(cell, bytes) else cell
        tables.append((table, [dict(zip(columns, map(value, row))) for row in cursor]))
    return migrations, schema, tables


def populate(server):
    api = "/api/v1"

    def sign_up(email, **details):
        body = {"email": email, "password": PASSWORD, **details}
        status, text = server.ask("POST", f"{api}/auth/register", body)
        assert status in (201, 202), text
        status, text = server.ask("POST", f"{api}/auth/verify", {"email": email, "otp": server.code(email)})
        assert status == 200, text
        return json.loads(text)

    def doing(token):
        def do(method, path, body=None, expected=(200, 201, 204), key=None):
            headers = {"idempotency-key": key} if key else None
            status, text = server.ask(method, api + path, body, token, headers)
            if expected and status not in expected:
                raise SystemExit(f"{method} {path} {body}: {status} {text}")
            return json.loads(text) if text.startswith(("{", "[")) else text
        return do

    has = lambda path: path in json.loads(server.ask("GET", "/openapi.json")[1])["paths"]
    people = [("ana@example.com", {"name": "Ana Ünal", "currency": "EUR", "timezone": "Europe/Berlin"}),
              ("bo@example.com", {"name": "Bo 🌱", "currency": "JPY", "timezone": "Pacific/Kiritimati"})]
    for n, (email, details) in enumerate(people):
        tokens = sign_up(email, **details)
        token = tokens["access_token"]
        do = doing(token)
        whole = details["currency"] == "JPY"
        amount = lambda units: str(units) if whole else f"{units}.50"
        own = do("POST", "/categories", {"name": "Hobby", "keywords": ["kite", "glider wing"]})["id"]
        other = do("POST", "/categories", {"name": "Old things", "keywords": ["attic"]})["id"]
        do("PATCH", f"/categories/{own}", {"name": "Hobbies"})
        ids = []
        for k in range(30):
            body = {"amount": amount(3 + 7 * k), "date": f"2026-{1 + k % 6:02}-{1 + (5 * k) % 28:02}",
                    "notes": f"note {k} of ünïcode – {'x' * (k % 9)}", "tags": [f"tag{k % 4}", "trip"] if k % 3 else []}
            if k % 2:
                body["category_id"] = [1, 2, 3, own, other][k % 5]
            elif k % 4 == 0:
                body["notes"] = ["Bus ride to airport", "kite string", "attic box", "Groceries and bread"][k // 4 % 4] + f" {k}"
            if k % 7 == 0:
                body["external_id"] = f"bank-{k}"
            ids.append(do("POST", "/expenses", body, key=f"person{n}-expense{k}")["id"])
        do("PUT", f"/budgets/{own}", {"limit": amount(90)})
        do("PUT", "/budgets/1", {"limit": amount(200)})
        do("PUT", "/budgets/total", {"limit": amount(1000)})
        do("DELETE", "/budgets/1")
        for k in range(0, 30, 5):
            do("PATCH", f"/expenses/{ids[k]}", {"amount": amount(1000 + k), "notes": f"edited {k}", "tags": ["edited"]})
        do("PATCH", f"/expenses/{ids[7]}", {"date": "2026-02-28", "category_id": 4})
        for k in (3, 9, 14):
            do("DELETE", f"/expenses/{ids[k]}")
        do("POST", "/actions/undo", {})
        do("POST", "/actions/undo", {})
        do("POST", "/actions/redo", {})
        do("POST", "/expenses/batch", {"operations": [
            {"op": "create", "amount": amount(12), "date": "2026-03-03", "notes": "of a batch", "category_id": 2},
            {"op": "update", "id": ids[20], "amount": amount(77)},
            {"op": "delete", "id": ids[21]}]}, key=f"person{n}-batch")
        do("POST", "/actions/undo", {})
        do("DELETE", f"/categories/{other}?merge_into={own}", expected=None)
        do("PATCH", "/tags/tag1", {"name": "renamed"}, expected=None)
        do("DELETE", "/tags/tag2", expected=None)
        do("POST", "/expenses", {"amount": amount(5), "date": "2026-05-05", "notes": "taken back", "category_id": 1})
        do("POST", f"/actions/{do('GET', '/actions?limit=1')['data'][0]['seq']}/reverse", {}, expected=None)
        # The last action is one that an upgraded server is to undo.
        do("PATCH", f"/expenses/{ids[11]}", {"amount": amount(4321), "notes": "to be undone", "tags": ["undone"]})
        person = {"email": email, "password": PASSWORD, "refresh_token": tokens["refresh_token"], "edited": ids[11], "keyed": {
            "key": f"person{n}-expense29", "body": json.dumps(body)}}
        if has("/api/v1/auth/tokens"):
            person["token"] = do("POST", "/auth/tokens", {"name": "a script", "scopes": ["read", "write"]})["token"]
        if has("/api/v1/notification-preferences"):
            do("PUT", "/notification-preferences", {"channels": []})
            do("POST", "/devices", {"platform": "android", "token": f"token-of-a-device-{n}" * 4}, expected=None)
        person["access_token"] = token
        yield {"person": person}
        for path in ("/expenses?sort=date&limit=100", "/expenses?sort=-amount&limit=7", "/expenses?tag=trip&limit=100",
                     "/categories", "/tags", "/budgets?month=2026-06", "/summary?month=2026-01", "/summary?month=2026-02",
                     "/summary?month=2026-03", "/summary?month=2026-06",
                     "/actions?limit=100", "/actions/verify", "/score?month=2026-05", "/score/history?from=2026-01&to=2026-06",
                     "/insights/spending?from=2026-01-01&to=2026-06-30&group_by=month", f"/expenses/{ids[0]}", f"/categories/{own}/keywords", "/me"):
            status, text = server.ask("GET", api + path, None, token)
            print(status, path, file=sys.stderr)
            yield {"person": email, "get": path, "status": status, "answer": text}
    if has("/api/v1/me/export"):
        leaver = doing(sign_up("leaver@example.com")["access_token"])
        leaver("POST", "/expenses", {"amount": "10", "notes": "of somebody who leaves"})
        leaver("DELETE", "/me", {"password": PASSWORD})
    # Somebody who never proved the address.
    server.ask("POST", f"{api}/auth/register", {"email": "waiting@example.com", "password": PASSWORD})
    yield {"waiting": "waiting@example.com", "code": server.code("waiting@example.com")}


if __name__ == "__main__":
    main()
