package import PillionSchema

/// The keys of the configuration, but those of the interceptors, which are declared with them.
extension Setting {
  package static let all: [Setting] = [
    Setting(
      path: "server.listen", kind: .addresses, defaultValue: "127.0.0.1:50051",
      summary: "Addresses to listen on, host:port or unix:path; port 0 takes a free one."),
    Setting(
      path: "server.socket_permissions", kind: .permissions, defaultValue: "0660",
      summary: "Who may connect to a Unix socket: permissions of its file."),
    Setting(
      path: "server.reuse_port", kind: .choice, defaultValue: "off",
      summary: "Whether another server of the same user may listen on the same port, to take over from this one.",
      choices: ["off", "on"]),
    Setting(
      path: "server.tls.certificate", kind: .path,
      summary: "PEM file of the server's certificate and those between it and the root; with it every port speaks TLS.",
      isReloadable: true),
    Setting(
      path: "server.tls.key", kind: .path, summary: "PEM file of the certificate's private key.",
      isReloadable: true),
    Setting(
      path: "server.tls.client_ca", kind: .path,
      summary: "PEM file of the authorities that clients' certificates must come from.",
      isReloadable: true),
    Setting(
      path: "server.tls.client_certificate", kind: .choice, defaultValue: "none",
      summary: "Whether clients show a certificate; one that is shown is always checked.",
      choices: ["none", "optional", "required"]),
    Setting(
      path: "server.reflection", kind: .choice, defaultValue: "off",
      summary: "Whether clients may ask what services there are; on with serve --dev.", choices: ["off", "on"]),
    Setting(
      path: "server.max_message_bytes", kind: .bytes, defaultValue: "4MiB",
      summary: "Largest request message, decompressed; a larger one is RESOURCE_EXHAUSTED."),
    Setting(
      path: "server.max_response_bytes", kind: .bytes, defaultValue: "64MiB",
      summary: "Largest response message; a call with a larger one is RESOURCE_EXHAUSTED."),
    Setting(
      path: "server.compression", kind: .choice, defaultValue: "identity",
      summary: "How answers are compressed for clients that accept it; requests may be compressed always.",
      choices: ["identity", "gzip", "deflate"]),
    Setting(
      path: "server.max_header_bytes", kind: .bytes, defaultValue: "16KiB",
      summary: "Largest header list of a request; a call with a larger one is RESOURCE_EXHAUSTED."),
    Setting(
      path: "server.max_connections", kind: .integer, defaultValue: "1000",
      summary: "Connections at once; one more is told so and closed."),
    Setting(
      path: "server.max_concurrent_streams", kind: .integer, defaultValue: "100",
      summary: "Calls at once on one connection; clients queue the others."),
    Setting(
      path: "server.max_connection_buffer", kind: .bytes, defaultValue: "64MiB",
      summary:
        "Bytes of requests and waiting answers held for one connection; beyond them calls are RESOURCE_EXHAUSTED."
    ),
    Setting(
      path: "server.max_buffer", kind: .bytes, defaultValue: "256MiB",
      summary: "The same for all connections together."),
    Setting(
      path: "server.handshake_timeout", kind: .duration, defaultValue: "10s",
      summary: "How long a client may take to begin, or to send one frame or header list; 0: no limit."),
    Setting(
      path: "server.request_timeout", kind: .duration, defaultValue: "15s",
      summary: "How long the request of a unary call or a List may take to come whole; 0: no limit."),
    Setting(
      path: "server.stall_timeout", kind: .duration, defaultValue: "30s",
      summary: "How long a client may take nothing of an answer that waits for it; 0: no limit."),
    Setting(
      path: "server.idle_timeout", kind: .duration, defaultValue: "15m",
      summary: "How long a connection may have no call before it is asked to end; 0: no limit."),
    Setting(
      path: "server.keepalive.interval", kind: .duration, defaultValue: "1m",
      summary: "A client that is silent for so long is pinged; 0: never."),
    Setting(
      path: "server.keepalive.timeout", kind: .duration, defaultValue: "20s",
      summary: "How long it may take to answer; 0: no limit."),
    Setting(
      path: "server.keepalive.min_client_interval", kind: .duration, defaultValue: "10s",
      summary: "Least time between a client's own pings; who keeps pinging faster is cut off; 0: no limit."),
    Setting(
      path: "server.max_connection_age", kind: .duration, defaultValue: "0",
      summary: "After about this time a connection is asked to end; 0: never."),
    Setting(
      path: "server.max_connection_age_grace", kind: .duration, defaultValue: "20s",
      summary: "How long its calls may take to finish then; 0: no limit."),
    Setting(
      path: "server.shutdown_grace", kind: .duration, defaultValue: "20s",
      summary: "How long calls in flight may take to finish after SIGTERM."),
    Setting(
      path: "server.threads", kind: .integer, defaultValue: "0",
      summary: "Event loops, and threads that read PostgreSQL's Lists; 0: one a core."),
    Setting(
      path: "server.busy_poll", kind: .choice, defaultValue: "on",
      summary:
        "Whether an event loop that serves one client alone waits for it and for the database awake, 0.2 ms each at most.",
      choices: ["off", "on"]),
    Setting(
      path: "admin.listen", kind: .address,
      summary:
        "Address of the admin port, host:port: health, metrics and settings over HTTP; none: there is no such port."
    ),
    Setting(
      path: "database.url", kind: .url,
      summary: "sqlite:path, sqlite::memory:, or any PostgreSQL URI or keyword string.", isSecret: true),
    Setting(
      path: "database.replicas", kind: .urls,
      summary:
        "PostgreSQL: copies of the database that List, ListPage and Retrieve may read from; they may lag behind.",
      isSecret: true),
    Setting(
      path: "database.statement_timeout", kind: .duration, defaultValue: "30s",
      summary: "Longest run of a point statement; 0: no limit."),
    Setting(
      path: "database.prepare", kind: .choice, defaultValue: "on",
      summary:
        "PostgreSQL: whether sessions keep prepared statements and settings; off behind a pooler of transactions.",
      choices: ["on", "off"]),
    Setting(
      path: "database.pool.connections", kind: .integer, defaultValue: "0",
      summary: "Connections for point calls: PostgreSQL pipelines, SQLite readers; 0: the driver's choice."),
    Setting(
      path: "database.pool.streams", kind: .integer, defaultValue: "8",
      summary: "Connections for List, opened when they are needed; more Lists wait."),
    Setting(
      path: "database.pool.sessions", kind: .integer, defaultValue: "4",
      summary: "Connections for hooks and services of a program's own, opened when they are needed; more calls wait."),
    Setting(
      path: "database.pool.acquire_timeout", kind: .duration, defaultValue: "2s",
      summary: "How long a call waits for a connection."),
    Setting(
      path: "database.pool.queue", kind: .integer, defaultValue: "8192",
      summary: "Calls that may wait for a connection; one more is RESOURCE_EXHAUSTED and may be tried again."),
    Setting(
      path: "database.pool.max_lifetime", kind: .duration, defaultValue: "30m",
      summary: "PostgreSQL: about how old a connection becomes before another takes its place; 0: as old as it likes."),
    Setting(
      path: "database.busy_timeout", kind: .duration, defaultValue: "5s",
      summary: "SQLite: how long a write waits for another process's lock."),
    Setting(
      path: "database.synchronous", kind: .choice, defaultValue: "full",
      summary: "SQLite: whether each commit reaches the disk before it is answered.",
      choices: ["full", "normal", "off"]),
    Setting(
      path: "list.max_page_size", kind: .integer, defaultValue: "0",
      summary: "Rows of a List or ListPage at most, unless a service says otherwise; 0: a List has no limit."),
    Setting(
      path: "list.default_page_size", kind: .integer, defaultValue: "50",
      summary: "Rows of a ListPage that asks for none."),
    Setting(
      path: "list.page_token_key", kind: .text,
      summary: "Signs page tokens; without one, tokens hold until the server stops.", isSecret: true),
    Setting(
      path: "list.page_token_lifetime", kind: .duration, defaultValue: "24h",
      summary: "How long a page token is taken; 0: for ever."),
    Setting(
      path: "list.max_filter_bytes", kind: .bytes, defaultValue: "8KiB", summary: "Longest filter."),
    Setting(
      path: "list.max_filter_terms", kind: .integer, defaultValue: "100",
      summary: "Comparisons and values that a filter may have."),
    Setting(
      path: "list.max_filter_depth", kind: .integer, defaultValue: "32",
      summary: "Parentheses and NOTs that may be within each other in a filter."),
    Setting(
      path: "list.max_relations", kind: .integer, defaultValue: "3",
      summary: "Relations that a field's path may follow in a filter or order."),
    Setting(
      path: "list.require_index", kind: .choice, defaultValue: "off",
      summary: "What becomes of a List whose filter or order no index serves: a warning in the log, or it fails.",
      choices: ["off", "warn", "refuse"]),
    Setting(path: "models", kind: .path, defaultValue: "models", summary: "Folder of the model definitions."),
    Setting(
      path: "protos", kind: .path, defaultValue: "protos", summary: "Folder of the generated protos and the lock."),
    Setting(
      path: "service_name", kind: .text, defaultValue: "{model}Controller",
      summary: "Name of a service whose definition gives none; {model} is the model's name."),
    Setting(
      path: "errors.verbosity", kind: .choice, defaultValue: "minimal",
      summary: "Whether clients read the database's own words, with names of tables and constraints.",
      choices: ["minimal", "detailed"]),
    Setting(
      path: "log.level", kind: .choice, defaultValue: "info", summary: "Least level that is logged.",
      choices: ["trace", "debug", "info", "notice", "warning", "error", "critical"]),
    Setting(
      path: "log.format", kind: .choice, defaultValue: "json", summary: "json: one object a line; text: for people.",
      choices: ["json", "text"]),
  ]
}
