-- The statements of one new expense, for pgbench: one transaction. It would take a word right after a colon for a variable.
\set i :i + 1
\set id :base + :client_id * 10000000 + :i
\set user :first + random(0, :users - 1)
BEGIN;
SELECT seq + 1 AS seq, taxonomy_version AS version FROM last_user_action WHERE user_id IN (:user) ORDER BY user_id FOR UPDATE \gset
INSERT INTO expenses (id, user_id, amount, date, notes, notes_words, category_id, categorization_source, categorization_matched, categorization_bp, external_id, logged_at, logged_on, imported, live, version, updated_at, last_action) VALUES (:id, :user, 1234, '2026-11-12', 'lunch with Ana', ' lunch with ana ', 1, 'system_keyword', 'lunch', 8000, NULL, 1795000000000, '2026-11-12', 0, 1, 1, 1795000000000, :seq);
INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES (:user, 202611, 1, 1234) ON CONFLICT (user_id, month, category_id) DO UPDATE SET total = monthly_expense.total + excluded.total;
INSERT INTO user_action (user_id, seq, kind, at, reverses, reversed_by, root, effect, undoable, redoable, operation, salt, payload, payload_hash, hash) VALUES (:user, :seq, 'create', 1795000000000, NULL, NULL, :seq, 0, 1, 0, 'raw-' || :id, '\x0123456789abcdef0123456789abcdef', '{"changes":[{"expense":1234567,"version":0,"previous":0,"before": null,"after":{"amount":1234,"date":"2026-11-12","notes":"lunch with Ana","category":1,"source":"system_keyword","matched":"lunch","confidence_bp":8000,"tags":[],"external_id": null,"logged_at":1795000000000,"logged_on":"2026-11-12","imported": false},"uncreated": false}],"links":[]}', '\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', '\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');
INSERT INTO last_user_action (user_id, seq, hash, last_ordinary, next_undo, taxonomy_version) VALUES (:user, :seq, '\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', :seq, :seq, :version) ON CONFLICT (user_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, last_ordinary = excluded.last_ordinary, next_undo = excluded.next_undo, taxonomy_version = excluded.taxonomy_version;
COMMIT;
