// The statements of one new expense, a transaction each, from a client that does nothing else.
//   sqlite FILE FIRST_USER USERS SECONDS
// prints how many transactions a second.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *db;

static void must(int done, int wanted) {
  if (done != wanted) {
    fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
    exit(1);
  }
}

static void run(const char *sql) { must(sqlite3_exec(db, sql, 0, 0, 0), SQLITE_OK); }

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement;
  must(sqlite3_prepare_v2(db, sql, -1, &statement, 0), SQLITE_OK);
  return statement;
}

static void step(sqlite3_stmt *statement) {
  must(sqlite3_step(statement), SQLITE_DONE);
  must(sqlite3_reset(statement), SQLITE_OK);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  long first = atol(argv[2]), users = atol(argv[3]);
  double seconds = atof(argv[4]);
  must(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, 0), SQLITE_OK);
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON");
  sqlite3_busy_timeout(db, 2000);
  sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
  sqlite3_stmt *head = prepare(
      "SELECT user_id, seq, hash, last_ordinary, next_undo, taxonomy_version FROM last_user_action WHERE user_id IN (?)");
  sqlite3_stmt *expense = prepare(
      "INSERT INTO expenses (id, user_id, amount, date, notes, notes_words, category_id, categorization_source, "
      "categorization_matched, categorization_bp, external_id, logged_at, logged_on, imported, live, version, updated_at, "
      "last_action) VALUES (?, ?, 1234, '2026-11-12', 'lunch with Ana', ' lunch with ana ', 1, 'system_keyword', 'lunch', 8000, "
      "NULL, 1795000000000, '2026-11-12', 0, 1, 1, 1795000000000, ?)");
  sqlite3_stmt *total = prepare(
      "INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES (?, 202611, 1, 1234) ON CONFLICT (user_id, month, "
      "category_id) DO UPDATE SET total = monthly_expense.total + excluded.total");
  sqlite3_stmt *action = prepare(
      "INSERT INTO user_action (user_id, seq, kind, at, reverses, reversed_by, root, effect, undoable, redoable, operation, salt, "
      "payload, payload_hash, hash) VALUES (?, ?, 'create', 1795000000000, NULL, NULL, ?, 0, 1, 0, ?, randomblob(16), ?, "
      "randomblob(32), randomblob(32))");
  sqlite3_stmt *finish = prepare(
      "INSERT INTO last_user_action (user_id, seq, hash, last_ordinary, next_undo, taxonomy_version) VALUES (?, ?, randomblob(32), "
      "?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, last_ordinary = "
      "excluded.last_ordinary, next_undo = excluded.next_undo, taxonomy_version = excluded.taxonomy_version");
  const char *payload =
      "{\"changes\":[{\"expense\":1234567,\"version\":0,\"previous\":0,\"before\":null,\"after\":{\"amount\":1234,\"date\":"
      "\"2026-11-12\",\"notes\":\"lunch with Ana\",\"category\":1,\"source\":\"system_keyword\",\"matched\":\"lunch\",\"confidence_bp\":8000,"
      "\"tags\":[],\"external_id\":null,\"logged_at\":1795000000000,\"logged_on\":\"2026-11-12\",\"imported\":false},\"uncreated\":false}],"
      "\"links\":[]}";
  long done = 0;
  double began = now(), until = began + seconds;
  srand(1);
  long id = 1000000000L * (1 + time(0) % 1000000);
  while (now() < until) {
    long user = first + rand() % users;
    char operation[32];
    snprintf(operation, sizeof operation, "raw-%ld", ++id);
    step(begin);
    sqlite3_bind_int64(head, 1, user);
    must(sqlite3_step(head), SQLITE_ROW);
    long seq = sqlite3_column_int64(head, 1) + 1, version = sqlite3_column_int64(head, 5);
    sqlite3_reset(head);
    sqlite3_bind_int64(expense, 1, id);
    sqlite3_bind_int64(expense, 2, user);
    sqlite3_bind_int64(expense, 3, seq);
    step(expense);
    sqlite3_bind_int64(total, 1, user);
    step(total);
    sqlite3_bind_int64(action, 1, user);
    sqlite3_bind_int64(action, 2, seq);
    sqlite3_bind_int64(action, 3, seq);
    sqlite3_bind_text(action, 4, operation, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(action, 5, payload, -1, SQLITE_STATIC);
    step(action);
    sqlite3_bind_int64(finish, 1, user);
    sqlite3_bind_int64(finish, 2, seq);
    sqlite3_bind_int64(finish, 3, seq);
    sqlite3_bind_int64(finish, 4, seq);
    sqlite3_bind_int64(finish, 5, version);
    step(finish);
    step(commit);
    done++;
  }
  printf("%.1f\n", done / (now() - began));
  return 0;
}
