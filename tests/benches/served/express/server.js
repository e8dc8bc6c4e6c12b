// POST /api/v1/expenses as one would write it in Express with a mysql2 pool, tuned: a process for each processor, prepared
// statements, keep-alive, no view of the request that is not needed. It checks the token, reads its session, and records
// the expense, its total and its action in one transaction. It does less than Florin: no categories are guessed, nothing is
// hashed, no retries.
//   node server.js PORT DATABASE_URL SECRET BASE_ID
const cluster = require("node:cluster");
const crypto = require("node:crypto");
const os = require("node:os");

const [port, url, secret, base] = process.argv.slice(2);
const processes = os.availableParallelism();
if (cluster.isPrimary) {
  for (let n = 0; n < processes; n++) cluster.fork({ NUMBER: String(n) });
  process.on("SIGTERM", () => process.exit(0));
} else {
  const express = require("express");
  const jwt = require("jsonwebtoken");
  const mysql = require("mysql2/promise");
  const pool = mysql.createPool({ uri: url, connectionLimit: Math.ceil(16 / processes), maxPreparedStatements: 100 });
  let id = Number(base) + Number(process.env.NUMBER) * 100000000;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.post("/api/v1/expenses", express.json(), async (request, response) => {
    let user;
    try {
      user = jwt.verify((request.get("authorization") || "").slice(7), secret, { algorithms: ["HS256"] }).user;
    } catch {
      return response.status(401).json({ error: "invalid_token" });
    }
    const amount = Math.round(Number(request.body.amount) * 100);
    if (!(amount > 0) || !/^\d{4}-\d\d-\d\d$/.test(request.body.date)) return response.status(422).json({ error: "invalid" });
    const now = Date.now();
    const day = new Date(now).toISOString().slice(0, 10);
    const [rows] = await pool.execute(
      "SELECT u.* FROM user_login u JOIN session s ON s.user_id = u.id WHERE u.id = ? AND s.revoked_at IS NULL LIMIT 1", [user]);
    if (rows.length === 0) return response.status(401).json({ error: "invalid_token" });
    const connection = await pool.getConnection();
    try {
      await connection.query("BEGIN");
      const [[head]] = await connection.execute("SELECT * FROM last_user_action WHERE user_id = ? FOR UPDATE", [user]);
      const [seq, expense] = [head.seq + 1, ++id];
      const state = { amount, date: request.body.date, notes: request.body.notes, category: 20, logged_at: now, logged_on: day };
      await connection.execute(
        "INSERT INTO expenses (id, user_id, amount, date, notes, notes_words, category_id, categorization_source, " +
        "categorization_matched, categorization_bp, external_id, logged_at, logged_on, imported, live, version, updated_at, " +
        "last_action) VALUES (?, ?, ?, ?, ?, ?, 1, 'none', NULL, 0, NULL, ?, ?, 0, 1, 1, ?, ?)",
        [expense, user, amount, state.date, state.notes, ` ${state.notes.toLowerCase()} `, now, day, now, seq]);
      await connection.execute(
        "INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES (?, ?, 1, ?) " +
        "ON DUPLICATE KEY UPDATE total = total + VALUES(total)",
        [user, Number(state.date.slice(0, 4) + state.date.slice(5, 7)), amount]);
      await connection.execute(
        "INSERT INTO user_action (user_id, seq, kind, at, reverses, reversed_by, root, effect, undoable, redoable, operation, salt, " +
        "payload, payload_hash, hash) VALUES (?, ?, 'create', ?, NULL, NULL, ?, 0, 1, 0, ?, ?, ?, ?, ?)",
        [user, seq, now, seq, `express-${expense}`, head.hash.subarray(0, 16), JSON.stringify({ changes: [{ expense, after: state }] }),
          head.hash, head.hash]);
      await connection.execute(
        "UPDATE last_user_action SET seq = ?, last_ordinary = ?, next_undo = ? WHERE user_id = ?", [seq, seq, seq, user]);
      await connection.query("COMMIT");
      response.status(201).json({ id: expense, ...state, amount: request.body.amount, version: 1 });
    } catch (error) {
      await connection.query("ROLLBACK").catch(() => {});
      response.status(503).json({ error: error.code || crypto.randomUUID() });
    } finally {
      connection.release();
    }
  });
  app.listen(Number(port), "127.0.0.1", 1024);
}
