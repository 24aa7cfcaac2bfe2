-- The tenant's tables. Times are RFC 3339 in UTC with six decimals, so that text order is time order.
CREATE TABLE workspaces (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT,
  tier INTEGER NOT NULL DEFAULT 3,
  status TEXT NOT NULL DEFAULT 'provisioning',
  runtime TEXT NOT NULL DEFAULT 'langgraph',
  external INTEGER NOT NULL DEFAULT 0,
  url TEXT NOT NULL DEFAULT '',
  parent_id TEXT REFERENCES workspaces(id) ON DELETE SET NULL,
  agent_card TEXT,
  active_tasks INTEGER NOT NULL DEFAULT 0,
  max_concurrent_tasks INTEGER NOT NULL DEFAULT 1,
  uptime_seconds INTEGER NOT NULL DEFAULT 0,
  last_error_rate REAL NOT NULL DEFAULT 0,
  last_sample_error TEXT NOT NULL DEFAULT '',
  current_task TEXT NOT NULL DEFAULT '',
  workspace_dir TEXT,
  workspace_access TEXT NOT NULL DEFAULT 'none',
  budget_limit INTEGER,
  monthly_spend INTEGER NOT NULL DEFAULT 0,
  x REAL NOT NULL DEFAULT 0,
  y REAL NOT NULL DEFAULT 0,
  collapsed INTEGER NOT NULL DEFAULT 0,
  config TEXT,
  last_outbound_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  -- when the simulated provisioner will have finished, and with what status
  settles_at TEXT,
  settles_to TEXT
);
CREATE INDEX workspaces_by_age ON workspaces(created_at);
CREATE INDEX workspaces_by_parent ON workspaces(parent_id);
CREATE INDEX workspaces_settling ON workspaces(settles_at) WHERE settles_at IS NOT NULL;

CREATE TABLE org_api_tokens (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  name TEXT,
  org_id TEXT,
  created_by TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  last_used_at TEXT,
  revoked_at TEXT
);

CREATE TABLE workspace_auth_tokens (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  token_hash TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  last_used_at TEXT,
  revoked_at TEXT
);
CREATE INDEX workspace_auth_tokens_live ON workspace_auth_tokens(workspace_id) WHERE revoked_at IS NULL;

CREATE TABLE global_secrets (
  key TEXT PRIMARY KEY,
  sealed BLOB NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);

CREATE TABLE workspace_secrets (
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  PRIMARY KEY (workspace_id, key)
);

CREATE TABLE approval_requests (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  task_id TEXT NOT NULL DEFAULT '',
  action TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  context TEXT,
  status TEXT NOT NULL DEFAULT 'pending',
  decided_by TEXT,
  decided_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);
CREATE INDEX approval_requests_pending ON approval_requests(created_at) WHERE status = 'pending';
CREATE INDEX approval_requests_by_workspace ON approval_requests(workspace_id, created_at);

CREATE TABLE agents (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  model TEXT NOT NULL,
  removed_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);
CREATE UNIQUE INDEX agents_active ON agents(workspace_id) WHERE removed_at IS NULL;

CREATE TABLE agent_memories (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  content TEXT NOT NULL,
  scope TEXT NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'general',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);
CREATE INDEX agent_memories_by_workspace ON agent_memories(workspace_id, created_at);

CREATE TABLE activity_logs (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  activity_type TEXT NOT NULL,
  source_id TEXT,
  target_id TEXT,
  method TEXT,
  summary TEXT,
  request_body TEXT,
  response_body TEXT,
  tool_trace TEXT,
  duration_ms INTEGER,
  status TEXT DEFAULT 'ok',
  error_detail TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);
CREATE INDEX activity_logs_by_workspace ON activity_logs(workspace_id, created_at);

CREATE TABLE workspace_schedules (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  name TEXT NOT NULL DEFAULT '',
  cron_expr TEXT NOT NULL,
  timezone TEXT NOT NULL DEFAULT 'UTC',
  prompt TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1,
  last_run_at TEXT,
  next_run_at TEXT,
  run_count INTEGER NOT NULL DEFAULT 0,
  last_status TEXT NOT NULL DEFAULT '',
  last_error TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL DEFAULT 'runtime',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  UNIQUE (workspace_id, name)
);

CREATE TABLE workspace_channels (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  channel_type TEXT NOT NULL,
  channel_config TEXT NOT NULL DEFAULT '{}',
  enabled INTEGER NOT NULL DEFAULT 1,
  allowed_users TEXT,
  channel_budget INTEGER,
  message_count INTEGER NOT NULL DEFAULT 0,
  last_message_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  UNIQUE (workspace_id, channel_type)
);

-- what was sent through channels: nothing leaves the machine
CREATE TABLE channel_messages (
  id TEXT PRIMARY KEY,
  channel_id TEXT NOT NULL REFERENCES workspace_channels(id) ON DELETE CASCADE,
  chat_id TEXT NOT NULL,
  text TEXT NOT NULL,
  sent_at TEXT NOT NULL
);

CREATE TABLE instructions (
  id TEXT PRIMARY KEY,
  scope TEXT NOT NULL,
  scope_target TEXT,
  title TEXT NOT NULL,
  content TEXT NOT NULL,
  priority INTEGER NOT NULL DEFAULT 0,
  enabled INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);

CREATE TABLE audit_events (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  timestamp TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  operation TEXT NOT NULL,
  input_hash TEXT,
  output_hash TEXT,
  model_used TEXT,
  human_oversight_flag INTEGER NOT NULL DEFAULT 0,
  risk_flag INTEGER NOT NULL DEFAULT 0,
  prev_hmac TEXT,
  hmac TEXT NOT NULL
);
CREATE INDEX audit_events_by_workspace ON audit_events(workspace_id, timestamp);
CREATE INDEX audit_events_by_agent ON audit_events(agent_id, timestamp);

CREATE TABLE a2a_queue (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  method TEXT,
  body TEXT NOT NULL DEFAULT '{}',
  message_id TEXT,
  source_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'queued',
  enqueued_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);

-- one row at most
CREATE TABLE canvas_viewport (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  x REAL NOT NULL,
  y REAL NOT NULL,
  zoom REAL NOT NULL
);

-- what POST /templates/import was given
CREATE TABLE template_files (
  template TEXT NOT NULL,
  path TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (template, path)
);

-- what happened, as GET /events lists it
CREATE TABLE events (
  id TEXT PRIMARY KEY,
  event_type TEXT NOT NULL,
  workspace_id TEXT REFERENCES workspaces(id) ON DELETE SET NULL,
  payload TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);
CREATE INDEX events_by_age ON events(created_at);
CREATE INDEX events_by_workspace ON events(workspace_id, created_at);

-- tokens that agents say they used, a day (UTC)
CREATE TABLE token_usage (
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, day)
);

CREATE UNIQUE INDEX a2a_queue_by_message ON a2a_queue(workspace_id, message_id)
  WHERE status IN ('queued', 'dispatched');

-- the words of memories, kept in step by the triggers whoever writes the memory
CREATE VIRTUAL TABLE agent_memory_words USING fts5(content, content = 'agent_memories', tokenize = 'porter unicode61');
CREATE TRIGGER agent_memories_written AFTER INSERT ON agent_memories BEGIN
  INSERT INTO agent_memory_words (rowid, content) VALUES (new.rowid, new.content);
END;
CREATE TRIGGER agent_memories_gone AFTER DELETE ON agent_memories BEGIN
  INSERT INTO agent_memory_words (agent_memory_words, rowid, content) VALUES ('delete', old.rowid, old.content);
END;
CREATE TRIGGER agent_memories_changed AFTER UPDATE OF content ON agent_memories BEGIN
  INSERT INTO agent_memory_words (agent_memory_words, rowid, content) VALUES ('delete', old.rowid, old.content);
  INSERT INTO agent_memory_words (rowid, content) VALUES (new.rowid, new.content);
END;

-- what a workspace remembers under a key
CREATE TABLE workspace_memory (
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  version INTEGER NOT NULL,
  expires_at TEXT,
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  PRIMARY KEY (workspace_id, key)
);

CREATE TABLE workflow_checkpoints (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  workflow_id TEXT NOT NULL,
  step_name TEXT NOT NULL,
  step_index INTEGER NOT NULL DEFAULT 0,
  payload TEXT,
  completed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  UNIQUE (workspace_id, workflow_id, step_name)
);

-- what lies in the containers of simulated workspaces: a root is /configs, /workspace, /home or /plugins
CREATE TABLE workspace_files (
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  root TEXT NOT NULL,
  path TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (workspace_id, root, path)
);

-- which plugins an organisation's workspaces may have; none is any
CREATE TABLE org_plugin_allowlist (
  org_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  plugin_name TEXT NOT NULL,
  enabled_by TEXT NOT NULL,
  enabled_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
  PRIMARY KEY (org_id, plugin_name)
);
