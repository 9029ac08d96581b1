import PillionSchema
import Testing

/// Mistakes inside a field; each is reported at its place, with nothing else.
@Suite struct FieldMistakesTests {
  @Test(arguments: all) func isReported(_ mistake: Mistake) {
    #expect(diagnostics(mistake.yaml) == mistake.expected)
  }

  static let all = types + flagsAndNumbers + bounds + choices + defaults + keys + relations + computed

  static let computed = [
    Mistake(
      withField("{ type: int32, computed: true, column: x }"),
      "blog.yaml:5:42: error: 'column' does not apply to a computed field; "
        + "nothing stores or checks what a program fills in"),
    Mistake(
      withField("{ type: int32, computed: true, unique: true, min: 1 }"),
      "blog.yaml:5:42: error: 'unique' does not apply to a computed field; "
        + "nothing stores or checks what a program fills in",
      "blog.yaml:5:56: error: 'min' does not apply to a computed field; "
        + "nothing stores or checks what a program fills in"),
    Mistake(
      withField("{ type: string, computed: true, choices: [a] }"),
      "blog.yaml:5:43: error: 'choices' of a computed field are the values of an enum; add 'enum: true'"),
    Mistake(
      withField("{ type: int32, computed: true, read_only: false }"),
      "blog.yaml:5:53: error: a computed field is read_only; leave 'read_only' out"),
    Mistake(
      withField("{ type: many_to_many, model: Post, computed: true }"),
      "blog.yaml:5:46: error: 'computed' does not apply to many_to_many; "
        + "it is for every type but foreign_key, many_to_many and reverse"),
    Mistake(
      withField("{ type: int32, computed: yes }"),
      "blog.yaml:5:36: error: 'computed' expected true or false, found the text 'yes'; write true"),
  ]

  static let types = [
    Mistake(withField("{ type: sting }"), "blog.yaml:5:19: error: unknown type 'sting'; did you mean 'string'?"),
    Mistake(
      withField("{ type: datetime }"), "blog.yaml:5:19: error: unknown type 'datetime'; did you mean 'timestamp'?"),
    Mistake(
      withField("{ type: 5 }"),
      "blog.yaml:5:19: error: 'type' expected text, found the number 5; for text write '5' in quotes"),
    Mistake(withField("{ max_length: 5 }"), "blog.yaml:5:7: error: field 'it' has no 'type'"),
    Mistake(
      withField("int64"),
      "blog.yaml:5:11: error: a field must be a mapping, found the text 'int64'; write 'it: { type: int64 }'"),
    Mistake(withField(""), "blog.yaml:5:10: error: a field must be a mapping, found nothing"),
    Mistake(
      withField("{ type: string, max_lenght: 5 }"),
      "blog.yaml:5:27: error: unknown key 'max_lenght' of a field; did you mean 'max_length'?"),
    Mistake(withField("{ type: array }"), "blog.yaml:5:19: error: an array needs 'items', the type of one item"),
    Mistake(
      withField("{ type: array, items: array }"),
      "blog.yaml:5:33: error: the items of an array cannot be 'array'"),
    Mistake(
      withField("{ type: string, items: int32 }"),
      "blog.yaml:5:27: error: 'items' does not apply to string; it is for array"),
    Mistake(
      withField("{ type: int64, proto_type: string }"),
      "blog.yaml:5:26: error: 'proto_type' does not apply to int64; it is for timestamp, duration and json"),
    Mistake(
      withField("{ type: json, proto_type: bytes }"),
      "blog.yaml:5:37: error: unknown proto_type 'bytes'; 'string' is the only one, leave it out otherwise"),
    Mistake(
      withField("{ type: timestamp, storage: hex }"),
      "blog.yaml:5:39: error: storage 'hex' does not apply to timestamp; known: text, django, integer, real"),
    Mistake(
      withField("{ type: timestamp, storage: djnago }"),
      "blog.yaml:5:39: error: unknown storage 'djnago'; did you mean 'django'?"),
    Mistake(
      withField("{ type: string, storage: text }"),
      "blog.yaml:5:27: error: 'storage' does not apply to string; "
        + "it is for bool, timestamp, date, time, duration, decimal, uuid, json and foreign keys to them"),
    Mistake(
      withField("{ type: string, column: '' }"),
      "blog.yaml:5:35: error: a column's name cannot be empty or hold control characters"),
    Mistake(
      withField("{ type: string, column: id }"), "blog.yaml:5:35: error: column 'id' is already that of field 'id'"),
  ]

  static let flagsAndNumbers = [
    Mistake(
      withField("{ type: string, null: yes }"),
      "blog.yaml:5:33: error: 'null' expected true or false, found the text 'yes'; write true"),
    Mistake(
      withField("{ type: string, unique: [true] }"),
      "blog.yaml:5:35: error: 'unique' expected true or false, found a list"),
    Mistake(
      withField("{ type: string, max_length: [3] }"),
      "blog.yaml:5:39: error: 'max_length' expected a whole number, found a list"),
    Mistake(
      withField("{ type: string, max_length: 1.0 }"),
      "blog.yaml:5:39: error: 'max_length' expected a whole number, found the number 1.0"),
    Mistake(
      withField("{ type: string, max_length: 0 }"),
      "blog.yaml:5:39: error: 'max_length' must be from 1 to 2147483647, found 0"),
    Mistake(
      withField("{ type: string, min_length: -1 }"),
      "blog.yaml:5:39: error: 'min_length' must be from 0 to 2147483647, found -1"),
    Mistake(
      withField("{ type: string, min_length: 9, max_length: 3 }"),
      "blog.yaml:5:54: error: 'max_length' 3 is less than 'min_length' 9"),
    Mistake(
      withField("{ type: int32, max_length: 3 }"),
      "blog.yaml:5:26: error: 'max_length' does not apply to int32; it is for string, bytes and array"),
    Mistake(
      withField("{ type: string, regex: [0-9] }"),
      "blog.yaml:5:34: error: 'regex' expected text, found a list; put the pattern in quotes"),
    Mistake(
      withField("{ type: string, regex: '(' }"), "blog.yaml:5:34: error: 'regex' is no regular expression: expected ')'"
    ),
    Mistake(
      withField("{ type: int64, regex: a }"), "blog.yaml:5:26: error: 'regex' does not apply to int64; it is for string"
    ),
    Mistake(
      withField("{ type: string, format: mail }"),
      "blog.yaml:5:35: error: unknown format 'mail'; did you mean 'email'?"),
    Mistake(
      withField("{ type: uuid, format: email }"),
      "blog.yaml:5:25: error: 'format' does not apply to uuid; it is for string"),
    Mistake(
      withField("{ type: string, read_only: true, write_only: true }"),
      "blog.yaml:5:56: error: a field that is both read_only and write_only is of no use"),
    Mistake(
      withField("{ type: string, auto_now: true }"),
      "blog.yaml:5:27: error: 'auto_now' does not apply to string; it is for timestamp, date and time"),
    Mistake(
      withField("{ type: date, auto_now: true, auto_now_add: true }"),
      "blog.yaml:5:41: error: 'auto_now' and 'auto_now_add' exclude each other"),
    Mistake(
      withField("{ type: date, auto_now: true, default: now }"),
      "blog.yaml:5:41: error: a field that is set to the current time has no 'default'"),
    Mistake(
      withField("{ type: date, auto_now: true, read_only: false }"),
      "blog.yaml:5:52: error: a field that is set to the current time is read_only; leave 'read_only' out"),
    Mistake(
      withField("{ type: string, doc: 2024 }"),
      "blog.yaml:5:32: error: 'doc' expected text, found the number 2024; for text write '2024' in quotes"),
  ]

  static let bounds = [
    Mistake(
      withField("{ type: string, min: 3 }"),
      "blog.yaml:5:27: error: 'min' does not apply to string; it is for numbers, decimal, timestamp, date and time"),
    Mistake(withField("{ type: int64, min: 5, max: 2 }"), "blog.yaml:5:39: error: 'max' 2 is less than 'min' 5"),
    Mistake(
      withField("{ type: timestamp, min: 2024-01-01T00:00:00.5Z, max: '2024-01-01T00:00:00Z' }"),
      "blog.yaml:5:64: error: 'max' '2024-01-01T00:00:00Z' is less than 'min' '2024-01-01T00:00:00.500Z'"),
    Mistake(
      withField("{ type: int32, max: 3000000000 }"),
      "blog.yaml:5:31: error: 'max' expected a whole number from -2147483648 to 2147483647, found the number 3000000000"
    ),
    Mistake(
      withField("{ type: uint64, min: -1 }"),
      "blog.yaml:5:32: error: 'min' expected a whole number from 0 to 18446744073709551615, found the number -1"),
    Mistake(
      withField("{ type: int64, max: 017 }"),
      "blog.yaml:5:31: error: 'max' expected a whole number from -9223372036854775808 to 9223372036854775807, "
        + "found the text '017'; write 17"),
    Mistake(
      withField("{ type: double, max: .nan }"),
      "blog.yaml:5:32: error: 'max' expected a number, found the number .nan"),
    Mistake(
      withField("{ type: decimal, max: 1e3 }"),
      "blog.yaml:5:33: error: 'max' expected a plain decimal number like 12.50, found the number 1e3"),
    Mistake(
      withField("{ type: date, min: 2023-02-29 }"),
      "blog.yaml:5:30: error: 'min' expected a date like 2024-02-29, found the text '2023-02-29'"),
  ]

  static let choices = [
    Mistake(
      withField("{ type: string, choices: en }"),
      "blog.yaml:5:36: error: 'choices' expected a list, found the text 'en'"),
    Mistake(withField("{ type: string, choices: [] }"), "blog.yaml:5:36: error: 'choices' is empty"),
    Mistake(
      withField("{ type: string, choices: [en, true, 1.0, null] }"),
      "blog.yaml:5:41: error: a choice expected text, found true; for text write 'true' in quotes",
      "blog.yaml:5:47: error: a choice expected text, found the number 1.0; for text write '1.0' in quotes",
      "blog.yaml:5:52: error: a choice expected text, found nothing"),
    Mistake(
      withField("{ type: string, choices: [no, 'on', no] }"), "blog.yaml:5:47: error: the choice 'no' is there twice"),
    Mistake(
      withField("{ type: string, max_length: 2, choices: [en, deu] }"),
      "blog.yaml:5:56: error: the choice 'deu' is longer than max_length 2"),
    Mistake(
      withField("{ type: int32, choices: [1, two] }"),
      "blog.yaml:5:39: error: a choice expected a whole number from -2147483648 to 2147483647, found the text 'two'"),
    Mistake(
      withField("{ type: uint64, choices: [18446744073709551615] }"),
      "blog.yaml:5:37: error: the choice 18446744073709551615 does not fit 64 bits with a sign"),
    Mistake(
      withField("{ type: bool, choices: [true] }"),
      "blog.yaml:5:25: error: 'choices' does not apply to bool; it is for string and whole numbers"),
  ]

  static let defaults = [
    Mistake(
      withField("{ type: bool, default: no }"),
      "blog.yaml:5:34: error: 'default' expected true or false, found the text 'no'; write false"),
    Mistake(
      withField("{ type: string, default: null }"),
      "blog.yaml:5:36: error: 'default' is null, but the field may not be null; add 'null: true'"),
    Mistake(
      withField("{ type: string, choices: [en, de], default: sv }"),
      "blog.yaml:5:55: error: the default 'sv' is none of the choices"),
    Mistake(
      withField("{ type: string, regex: '^[a-z]+$', default: A1 }"),
      "blog.yaml:5:55: error: the default 'A1' does not match the regex"),
    Mistake(
      withField("{ type: int64, max: 10, default: 11 }"), "blog.yaml:5:44: error: the default 11 is more than max 10"),
    Mistake(
      withField("{ type: decimal, min: 0.10, default: 0.0999 }"),
      "blog.yaml:5:48: error: the default '0.0999' is less than min '0.10'"),
    Mistake(
      withField("{ type: float, default: 1e39 }"),
      "blog.yaml:5:35: error: 'default' expected a number that fits 32-bit floating point, found the number 1e39"),
    Mistake(
      withField("{ type: timestamp, default: 2024-01-01 }"),
      "blog.yaml:5:39: error: 'default' expected a timestamp like 2024-02-29T12:30:00Z, "
        + "found the text '2024-01-01'; or 'now'"
    ),
    Mistake(
      withField("{ type: duration, default: 1h }"),
      "blog.yaml:5:38: error: 'default' expected a duration like P1DT2H30M, found the text '1h'"),
    Mistake(
      withField("{ type: uuid, default: abc }"),
      "blog.yaml:5:34: error: 'default' expected a UUID like 123e4567-e89b-12d3-a456-426614174000, found the text 'abc'"
    ),
    Mistake(
      withField("{ type: bytes, default: '!' }"),
      "blog.yaml:5:35: error: 'default' expected bytes in base64, found the text '!'"),
    Mistake(
      withField("{ type: json, default: { a: .inf } }"),
      "blog.yaml:5:34: error: 'default' expected a value that JSON knows, found a mapping"),
    Mistake(
      withField("{ type: array, items: int32, default: 5 }"),
      "blog.yaml:5:49: error: 'default' expected a list, found the number 5"),
    Mistake(
      withField("{ type: array, items: int32, default: [1, x] }"),
      "blog.yaml:5:53: error: an item of 'default' expected a whole number from -2147483648 to 2147483647, "
        + "found the text 'x'"
    ),
  ]

  static let keys = [
    Mistake(
      withField("{ type: int64, primary_key: true }"),
      "blog.yaml:5:39: error: a second field with 'primary_key: true'; write 'primary_key: [id, it]' on the model"),
    Mistake(
      "models: { A: { fields: { id: { type: int64, primary_key: true, null: true } } } }",
      "blog.yaml:1:70: error: 'id' is the primary key, which may not be null"),
    Mistake(
      "models: { A: { fields: { id: { type: array, items: string, primary_key: true } } } }",
      "blog.yaml:1:60: error: 'primary_key' does not apply to array; "
        + "it is for every type but many_to_many, reverse, array and json"
    ),
    Mistake(
      withField("{ type: array, items: string, unique: true }"),
      "blog.yaml:5:41: error: 'unique' does not apply to array; it is for every type but many_to_many, reverse and array"
    ),
    Mistake(
      withField("{ type: many_to_many, model: Post, null: true }"),
      "blog.yaml:5:46: error: 'null' does not apply to many_to_many; "
        + "it is for every type but many_to_many and reverse"),
    Mistake(
      "models: { A: { fields: { Id: { type: int64, primary_key: true } } } }",
      "blog.yaml:1:26: error: 'Id' is no name for a field: lower_snake_case letters, digits and underscores; "
        + "write 'id: { column: Id, … }'"),
  ]

  static let relations = [
    Mistake(
      withField("{ type: foreign_key }"),
      "blog.yaml:5:7: error: field 'it' has no 'model' that it refers to; add 'model: Name'"),
    Mistake(
      withField("{ type: foreign_key, model: Pots }"),
      "blog.yaml:5:39: error: there is no model 'Pots'; did you mean 'Post'?"),
    Mistake(
      withField("{ type: foreign_key, model: Post, on_delete: cascad }"),
      "blog.yaml:5:56: error: unknown on_delete 'cascad'; did you mean 'cascade'?"),
    Mistake(
      withField("{ type: foreign_key, model: Post, on_delete: set_null }"),
      "blog.yaml:5:56: error: on_delete 'set_null' needs a field that may be null; add 'null: true'"),
    Mistake(
      withField("{ type: foreign_key, model: Post, on_delete: set_default }"),
      "blog.yaml:5:56: error: on_delete 'set_default' needs a 'default'"),
    Mistake(
      withField("{ type: foreign_key, model: Post, max_length: 3 }"),
      "blog.yaml:5:45: error: 'max_length' does not apply to foreign_key; it is for string, bytes and array"),
    Mistake(
      withField("{ type: foreign_key, model: Post, storage: text }"),
      "blog.yaml:5:54: error: storage 'text' does not apply to int64; leave it out"),
    Mistake(
      withField("{ type: foreign_key, model: Post, default: me }"),
      "blog.yaml:5:54: error: 'default' expected a whole number from -9223372036854775808 to 9223372036854775807, "
        + "found the text 'me'"),
    Mistake(
      withField("{ type: foreign_key, model: Nobody, null: 1, colum: x }"),
      "blog.yaml:5:39: error: there is no model 'Nobody'; there is only 'Post'",
      "blog.yaml:5:53: error: 'null' expected true or false, found the number 1; write true",
      "blog.yaml:5:56: error: unknown key 'colum' of a field; did you mean 'column'?"),
    Mistake(
      withField("{ type: many_to_many, model: Post, column: x }"),
      "blog.yaml:5:46: error: 'column' does not apply to many_to_many; "
        + "it is for every type but many_to_many and reverse"),
    Mistake(
      withField("{ type: many_to_many, model: Post, source: a, target: a }"),
      "blog.yaml:5:65: error: source and target are the same column 'a'"),
    Mistake(
      withField("{ type: many_to_many, model: Post, through: a. }"),
      "blog.yaml:5:55: error: 'through' has an empty part or control characters; write 'table' or 'schema.table'"),
    Mistake(
      "models: { A: { fields: { id: { type: foreign_key, model: B, primary_key: true } } },\n"
        + " B: { fields: { id: { type: foreign_key, model: A, primary_key: true } } } }",
      "blog.yaml:1:26: error: foreign keys lead in a circle: A.id → B.id → A.id"),
    Mistake(
      "models: { A: { primary_key: [x, y], fields: { x: { type: int32 }, y: { type: int32 },\n"
        + " z: { type: foreign_key, model: A }, w: { type: many_to_many, model: A } } } }",
      "blog.yaml:2:33: error: model 'A' has a primary key of several fields, which no single column can refer to",
      "blog.yaml:2:70: error: model 'A' has a primary key of several fields, which no single column can refer to"),
  ]
}
