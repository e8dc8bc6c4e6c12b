-- The statements of one new expense, for sysbench: one transaction. Each thread has people of its own, so that it knows the
-- numbers of their actions.
sysbench.cmdline.options = {
  first = {"The first user", 1}, users = {"How many users", 64}, base = {"The first id", 1000000000},
}

local payload = '{"changes":[{"expense":1234567,"version":0,"previous":0,"before":null,"after":{"amount":1234,"date":"2026-11-12",' ..
  '"notes":"lunch with Ana","category":1,"source":"system_keyword","matched":"lunch","confidence_bp":8000,"tags":[],"external_id":null,' ..
  '"logged_at":1795000000000,"logged_on":"2026-11-12","imported":false},"uncreated":false}],"links":[]}'
local hash = string.rep("0123456789abcdef", 2)

function thread_init()
  con = sysbench.sql.driver():connect()
  con:query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
  local function prepare(sql, types)
    local statement, parameters = con:prepare(sql), {}
    for n, type in ipairs(types) do
      parameters[n] = type == "text" and statement:bind_create(sysbench.sql.type.VARCHAR, 1000)
        or statement:bind_create(sysbench.sql.type.BIGINT)
    end
    statement:bind_param(unpack(parameters))
    return {statement = statement, parameters = parameters}
  end
  expense = prepare("INSERT INTO expenses (id, user_id, amount, date, notes, notes_words, category_id, categorization_source, " ..
    "categorization_matched, categorization_bp, external_id, logged_at, logged_on, imported, live, version, updated_at, last_action) " ..
    "VALUES (?, ?, 1234, '2026-11-12', 'lunch with Ana', ' lunch with ana ', 1, 'system_keyword', 'lunch', 8000, NULL, 1795000000000, " ..
    "'2026-11-12', 0, 1, 1, 1795000000000, ?)", {"int", "int", "int"})
  total = prepare("INSERT INTO monthly_expense (user_id, month, category_id, total) VALUES (?, 202611, 1, 1234) " ..
    "ON DUPLICATE KEY UPDATE total = monthly_expense.total + VALUES(total)", {"int"})
  action = prepare("INSERT INTO user_action (user_id, seq, kind, at, reverses, reversed_by, root, effect, undoable, redoable, " ..
    "operation, salt, payload, payload_hash, hash) VALUES (?, ?, 'create', 1795000000000, NULL, NULL, ?, 0, 1, 0, ?, " ..
    "'0123456789abcdef', ?, '" .. hash .. "', '" .. hash .. "')", {"int", "int", "int", "text", "text"})
  finish = prepare("INSERT INTO last_user_action (user_id, seq, hash, last_ordinary, next_undo, taxonomy_version) " ..
    "VALUES (?, ?, '" .. hash .. "', ?, ?, 0) ON DUPLICATE KEY UPDATE seq = VALUES(seq), hash = VALUES(hash), " ..
    "last_ordinary = VALUES(last_ordinary), next_undo = VALUES(next_undo), taxonomy_version = VALUES(taxonomy_version)",
    {"int", "int", "int", "int"})
  id = sysbench.opt.base + sysbench.tid * 10000000
  mine = {}
  local user = sysbench.opt.first + sysbench.tid
  while user < sysbench.opt.first + sysbench.opt.users do
    mine[#mine + 1] = user
    user = user + sysbench.opt.threads
  end
  seqs = {}
  for _, user in ipairs(mine) do
    seqs[user] = tonumber((con:query_row("SELECT seq FROM last_user_action WHERE user_id = " .. user)))
  end
end

local function run(prepared, ...)
  for n, value in ipairs({...}) do prepared.parameters[n]:set(value) end
  prepared.statement:execute()
end

function event()
  local user = mine[sysbench.rand.uniform(1, #mine)]
  local seq = seqs[user] + 1
  id = id + 1
  con:query("BEGIN")
  con:query_row("SELECT user_id, seq, hash, last_ordinary, next_undo, taxonomy_version FROM last_user_action WHERE user_id IN (" ..
    user .. ") ORDER BY user_id FOR UPDATE")
  run(expense, id, user, seq)
  run(total, user)
  run(action, user, seq, seq, "raw-" .. string.format("%d", id), payload)
  run(finish, user, seq, seq, seq)
  con:query("COMMIT")
  seqs[user] = seq
end
