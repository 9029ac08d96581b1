import PillionDatabase
import PillionSchema
import PillionServer
import Testing

/// Catalogs to definitions, without a database.
@Suite struct InspectTranslationTests {
  /// The options of the column `c` of a table with a key, as they would be written, and its comments.
  private func field(
    _ type: CatalogType, _ dialect: Dialect, default value: String? = nil, checks: [String] = [],
    isNullable: Bool = false,
    sample: [ColumnSample.Value]? = nil
  ) -> String {
    var column = CatalogColumn(name: "c", type: type, isNullable: isNullable, defaultValue: value)
    column.sample = sample.map(ColumnSample.init)
    let key = CatalogColumn(name: "id", type: CatalogType(dialect == .sqlite ? "integer" : "int8"), isNullable: false)
    var table = CatalogTable(name: TableName(name: "t"), schema: "s", columns: [key, column])
    table.primaryKey = ["id"]
    table.checks = checks
    let drafts = Translation(Catalog(dialect: dialect, name: "d", tables: [table]), package: "p").drafts()
    guard let draft = drafts.first?.fields.last else { return "" }
    let notes = (drafts[0].notes + draft.notes).map { "# \($0) " }.joined()
    // Whatever is written has to load.
    let text = DefinitionPrinter.file(package: "p", models: drafts)
    let loaded = SchemaLoader.load(files: [("p.yaml", text)])
    #expect(loaded.diagnostics.isEmpty, "\(text)\(loaded.diagnostics)")
    return notes + DefinitionPrinter.field(draft).dropFirst("c: { type: ".count).dropLast(2)
  }

  private func postgreSQL(_ type: String, _ value: String? = nil, _ checks: String...) -> String {
    field(CatalogType(type), .postgresql, default: value, checks: checks)
  }

  private func sqlite(_ type: String, _ value: String? = nil, _ checks: String...) -> String {
    field(CatalogType(type), .sqlite, default: value, checks: checks)
  }

  @Test(arguments: [
    ("int4", "7", "int32, default: 7"), ("int4", "'-7'::integer", "int32, default: -7"),
    ("int4", "(-7)", "int32, default: -7"),
    ("int4", "9999999999", "# the database's default: 9999999999 int32, read_only: true"),
    ("bool", "true", "bool, default: true"), ("text", "'a''b'::text", "string, default: \"a'b\""),
    ("text", "E'a\\\\b\\n'::text", "string, default: \"a\\\\b\\n\""), ("text", "NULL::text", "string"),
    ("text", "''::text", "string, default: \"\""), ("text", "'5'::text", "string, default: \"5\""),
    ("text", "'no'::text", "string, default: \"no\""),
    ("text", "lower('A'::text)", "# the database's default: lower('A'::text) string, read_only: true"),
    ("timestamptz", "now()", "timestamp, default: now"),
    ("timestamptz", "CURRENT_TIMESTAMP", "timestamp, default: now"),
    ("timestamp", "(now() AT TIME ZONE 'utc'::text)", "timestamp, default: now"),
    ("timestamp", "timezone('utc'::text, now())", "timestamp, default: now"),
    ("timestamptz", "CURRENT_TIMESTAMP(3)", "timestamp, default: now"),
    (
      "timestamptz", "(now() + '1 day'::interval)",
      "# the database's default: (now() + '1 day'::interval) timestamp, read_only: true"
    ),
    (
      "timestamptz", "'2024-05-06 07:08:09.5+02'::timestamp with time zone",
      "timestamp, default: \"2024-05-06T05:08:09.500Z\""
    ),
    ("date", "CURRENT_DATE", "date, default: now"), ("date", "('now'::text)::date", "date, default: now"),
    ("date", "'2024-02-29'::date", "date, default: \"2024-02-29\""),
    ("time", "'12:30:00'::time without time zone", "time, default: \"12:30:00\""),
    ("interval", "'P1DT2H'::interval", "duration, default: \"P1DT2H\""),
    ("numeric", "1.50", "decimal, default: 1.50"),
    ("numeric", "'NaN'::numeric", "# the database's default: 'NaN'::numeric decimal, read_only: true"),
    ("float8", "0.1", "double, default: 0.1"),
    ("float8", "'Infinity'::double precision", "double, default: .inf"),
    ("float4", "'NaN'::real", "float, default: .nan"), ("float4", "0.1", "float, default: 0.1"),
    ("interval", "'P-1DT-2H-0.5S'::interval", "duration, default: \"-P1DT2H0.500S\""),
    (
      "interval", "'P1DT-2H'::interval", "# the database's default: 'P1DT-2H'::interval duration, read_only: true"
    ),
    ("jsonb", "'{\"a\": [1, null, \"it''s\"]}'::jsonb", "json, default: {\"a\":[1,null,\"it's\"]}"),
    ("jsonb", "'null'::jsonb", "# the database's default: 'null'::jsonb json, read_only: true"),
    ("jsonb", "'\"\u{7f}\"'::jsonb", "json, default: \"\\u007f\""),
    ("bytea", "'\\x00ff'::bytea", "bytes, default: \"AP8=\""), ("jsonb", "'{}'::jsonb", "json, default: {}"),
    ("uuid", "gen_random_uuid()", "# the database's default: gen_random_uuid() uuid, read_only: true"),
    ("uuid", "'0A1B2C3D-0000-4000-8000-00000000ABCD'::uuid", "uuid, default: \"0a1b2c3d-0000-4000-8000-00000000abcd\""),
  ])
  func defaultsOfPostgreSQL(_ type: String, _ value: String, _ expected: String) {
    #expect(postgreSQL(type, value) == expected)
  }

  @Test(arguments: [
    ("text", "'x'", "string, default: x"), ("text", "\"x\"", "string, default: x"),
    ("text", "5", "string, default: \"5\""), ("integer", "+5", "int64, default: 5"),
    ("integer", "TRUE", "int64, default: 1"), ("boolean", "0", "bool, default: false"),
    ("boolean", "'t'", "bool, default: true"),
    ("datetime", "CURRENT_TIMESTAMP", "timestamp, default: now, storage: django"),
    ("datetime", "datetime('now')", "timestamp, default: now, storage: django"),
    ("datetime", "(strftime('%Y-%m-%d %H:%M:%f', 'now'))", "timestamp, default: now, storage: django"),
    ("date", "date('now')", "date, default: now"),
    (
      "datetime", "datetime('now', '+1 day')",
      "# the database's default: datetime('now', '+1 day') timestamp, storage: django, read_only: true"
    ),
    ("datetime", "'2024-05-06'", "timestamp, default: \"2024-05-06T00:00:00Z\", storage: django"),
    ("blob", "x'00ff'", "bytes, default: \"AP8=\""), ("json", "'[]'", "json, default: []"),
    ("real", "1", "double, default: 1.0"), ("text", "NULL", "string"),
    ("float32", "0.10000000149011612", "float, default: 0.1"),
    ("real", "-9e999", "double, default: -.inf"),
    ("json", "'{a: 1}'", "# the database's default: '{a: 1}' json, read_only: true"),
    ("date_integer", "19000", "date, default: \"2022-01-08\", storage: integer"),
    ("date_real", "2459587.5", "date, default: \"2022-01-08\", storage: real"),
    ("date_integer", "CAST(strftime('%s', 'now') AS INTEGER) / 86400", "date, default: now, storage: integer"),
    ("date_real", "julianday('now', 'start of day')", "date, default: now, storage: real"),
    ("timestamp_real", "2440587.5", "timestamp, default: \"1970-01-01T00:00:00Z\", storage: real"),
    ("duration_integer", "-1500000", "duration, default: \"-PT1.500S\", storage: integer"),
    (
      "uuid_blob", "x'00112233445566778899aabbccddeeff'",
      "uuid, default: \"00112233-4455-6677-8899-aabbccddeeff\", storage: blob"
    ),
    ("string_array", "'[\"a\", \"it''s\"]'", "array, items: string, default: [a, \"it's\"]"),
    ("double_array", "'[\"NaN\",0.5,\"-Infinity\"]'", "array, items: double, default: [.nan, 0.5, -.inf]"),
    ("int32_array", "'{1,2}'", "# the database's default: '{1,2}' array, items: int32, read_only: true"),
    ("text", "(random())", "# the database's default: (random()) string, read_only: true"),
  ])
  func defaultsOfSQLite(_ type: String, _ value: String, _ expected: String) {
    #expect(sqlite(type, value) == expected)
  }

  @Test(arguments: [
    (
      "text", "((c)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
      "string, choices: [a, b]"
    ),
    ("text", "(c = 'a'::text)", "string, choices: [a]"),
    ("text", "((c = 'a'::text) OR (c = 'b'::text))", "string, choices: [a, b]"),
    ("text", "((c IS NULL) OR (c = ANY (ARRAY['a'::text])))", "string, choices: [a]"),
    ("int4", "(c = ANY (ARRAY[1, 2]))", "int32, choices: [1, 2]"),
    ("int4", "((c >= 0) AND (c <= 10))", "int32, min: 0, max: 10"),
    ("int4", "((c > 0) AND (10 > c))", "int32, min: 1, max: 9"),
    ("int8", "((c >= 0) AND (c <= '4294967295'::bigint))", "uint32"),
    ("numeric", "((c >= (0)::numeric) AND (c <= '18446744073709551615'::numeric))", "uint64"),
    ("numeric", "(c >= 0.5)", "decimal, min: 0.5"),
    ("numeric", "(c > (0)::numeric)", "# the database checks: (c > (0)::numeric) decimal"),
    ("text", "(char_length(c) <= 5)", "string, max_length: 5"),
    ("text", "((length(c) > 2) AND (length(c) < 9))", "string, min_length: 3, max_length: 8"),
    ("text", "(length(c) = 2)", "string, min_length: 2, max_length: 2"),
    ("text", "(c <> ''::text)", "string, min_length: 1"),
    ("text", "(c ~ '^a'::text)", "# the database checks: (c ~ '^a'::text) string"),
    ("int4", "((c > 0) AND ((c % 2) = 0))", "# the database checks: ((c > 0) AND ((c % 2) = 0)) int32, min: 1"),
    ("text", "(lower(c) = c)", "# the database checks: (lower(c) = c) string"),
    ("int4", "(c < id)", "# the database checks: (c < id) int32"),
    ("text", "((length(c) <= 2) AND (c = ANY (ARRAY['abc'::text])))", "string, choices: [abc]"),
    ("int4", "(((c >= 5)) AND (c <= 3))", "int32"),
    (
      "date", "((c >= '2000-01-01'::date) AND ('2000-12-31'::date >= c))",
      "# the database checks: ((c >= '2000-01-01'::date) AND ('2000-12-31'::date >= c)) date, min: \"2000-01-01\""
    ),
    (
      "timestamptz", "(c <= '2024-05-06 09:08:09.5+02'::timestamp with time zone)",
      "timestamp, max: \"2024-05-06T07:08:09.500Z\""
    ),
    ("text", "(c >= 'a'::text)", "# the database checks: (c >= 'a'::text) string"),
    ("float8", "(c <= '1e+30'::double precision)", "double, max: 1e+30"),
    ("int4", "(c = ANY (ARRAY['-1'::integer, 2]))", "int32, choices: [-1, 2]"),
    (
      "numeric", "((c >= (0)::numeric) AND (c <= '18446744073709551615'::numeric) AND (c = ANY (ARRAY[(1)::numeric])))",
      "uint64, choices: [1]"
    ),
    ("date", "(c > '2000-01-01'::date)", "# the database checks: (c > '2000-01-01'::date) date"),
    ("int4", "(NOT (c = 5))", "# the database checks: (NOT (c = 5)) int32"),
    ("int4", "(c > 99999999999)", "int32"), ("text", "nonsense (", "# the database checks: nonsense ( string"),
  ])
  func checks(_ type: String, _ check: String, _ expected: String) { #expect(postgreSQL(type, nil, check) == expected) }

  @Test(arguments: [
    ("text", "C IN ('a', 'b')", "string, choices: [a, b]"), ("text", "\"c\" in ('a') -- one", "string, choices: [a]"),
    ("text", "[c] == 'a' or `c` = 'b'", "string, choices: [a, b]"),
    ("integer", "c BETWEEN 1 AND 5", "int64, min: 1, max: 5"), ("boolean", "c IN (0, 1)", "bool"),
    ("text", "json_valid(c)", "json"),
    ("text", "(JSON_VALID(\"c\") OR \"c\" IS NULL)", "json"),
    ("text", "length(c) BETWEEN 1 AND 5", "string, min_length: 1, max_length: 5"),
    ("text", "typeof(c) = 'text'", "# the database checks: typeof(c) = 'text' string"),
    ("text", "c NOT IN ('x')", "# the database checks: c NOT IN ('x') string"),
    ("text", "c LIKE 'a%'", "# the database checks: c LIKE 'a%' string"), ("decimal", "c >= 0", "decimal, min: 0"),
    ("integer", "c >= 0 and c <= 4294967295", "uint32"),
    ("text", "c IN (SELECT x FROM y)", "# the database checks: c IN (SELECT x FROM y) string"),
    (
      "text", "CASE WHEN c = 'a' THEN 1 ELSE 0 END", "# the database checks: CASE WHEN c = 'a' THEN 1 ELSE 0 END string"
    ),
  ])
  func checksOfSQLite(_ type: String, _ check: String, _ expected: String) {
    #expect(sqlite(type, nil, check) == expected)
  }

  @Test(arguments: [
    ("datetime", [ColumnSample.Value(.integer, "1714979289")], "timestamp, storage: integer"),
    ("datetime", [.init(.real, "2440588.25")], "timestamp, storage: real"),
    ("datetime", [.init(.text, "2024-05-06T07:08:09Z")], "timestamp"),
    ("datetime", [.init(.text, "2024-05-06 07:08:09")], "timestamp, storage: django"),
    ("datetime", [.init(.integer, "1714979289123")], "# datetime in milliseconds since 1970 int64"),
    ("datetime", [.init(.text, "yesterday")], "# declared datetime; the first rows hold text string"),
    ("uuid", [.init(.blob, "0A1B2C3D00004000800000000000ABCD")], "uuid, storage: blob"),
    ("uuid", [.init(.text, "0a1b2c3d00004000800000000000abcd")], "uuid, storage: hex"),
    ("uuid_blob", [], "uuid, storage: blob"), ("uuid_text", [], "uuid, storage: text"),
    ("timestamptz", [], "timestamp"), ("date_text", [.init(.integer, "1")], "date, storage: integer"),
    ("timestamp_text", [.init(.text, "2024-05-06 07:08:09")], "timestamp, storage: django"),
    ("decimal_text", [], "decimal"),
    ("json_text", [], "json"), ("boolean_integer", [], "bool, storage: integer"),
    ("duration_integer", [], "duration, storage: integer"), ("timestamp_text", [], "timestamp, storage: text"),
    ("bool", [.init(.integer, "2")], "# declared bool; the first rows hold integers int64"),
    ("", [.init(.integer, "1"), .init(.real, "1.5")], "# no declared type; the first rows hold numbers double"),
    ("", [], "# no declared type, read as text string"),
    ("date", [.init(.text, "29.02.2024")], "# declared date; the first rows hold text string"),
  ])
  func samples(_ type: String, _ values: [ColumnSample.Value], _ expected: String) {
    #expect(field(CatalogType(type), .sqlite, sample: values) == expected)
  }

  /// A table without rows: its key's default says how keys will be held.
  @Test(arguments: [
    ("(randomblob(16))", "blob"), ("(lower(hex(randomblob(16))))", "hex"),
    ("(lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))))", nil), ("(new_uuid())", nil),
  ])
  func keysThatTheDatabaseMakes(_ sql: String, _ storage: String?) {
    let key = CatalogColumn(name: "id", type: CatalogType("uuid"), isNullable: false, defaultValue: sql)
    var table = CatalogTable(name: TableName(name: "t"), schema: "main", columns: [key])
    table.primaryKey = ["id"]
    let drafts = Translation(Catalog(dialect: .sqlite, name: "d", tables: [table]), package: "p").drafts()
    #expect(
      drafts.first?.fields.map(DefinitionPrinter.field) == [
        "id: { type: uuid, primary_key: true\(storage.map { ", storage: \($0)" } ?? "") }"
      ])
  }

  @Test(arguments: ["varchar(12)", "VARCHAR ( 12 )", "character varying(12)", "nchar(12)", "native character(12)"])
  func lengths(_ declared: String) {
    let name = declared.lowercased().prefix { $0 != "(" }.split(separator: " ").joined(separator: " ")
    #expect(field(CatalogType(name, arguments: [12], text: declared), .sqlite) == "string, max_length: 12")
  }
}
