import Glibc
import PillionSchema
import Testing

/// Several files, and files on disk.
@Suite struct LoaderTests {
  @Test func everyErrorOfEveryFileInOneRun() {
    let files = [
      (
        path: "m/a.yaml",
        text: "models:\n  A:\n    fields:\n      id: { type: in64, primary_key: true }\n      b: { type: x }\n"
      ),
      (path: "m/b.yaml", text: "models: {\n"),
      (path: "m/c.yaml", text: "modles: {}\n"),
      (
        path: "m/d.yaml",
        text: "models:\n  D:\n    table: 5\n    fields:\n      id: { type: int64, primary_key: true }\n"
          + "      c: { type: foreign_key, model: c.C }\n      a: { type: foreign_key, model: A }\n"
      ),
    ]
    let expected = [
      "m/a.yaml:4:19: error: unknown type 'in64'; did you mean 'int64'?",
      "m/a.yaml:5:18: error: unknown type 'x'; known: \(ScalarType.allCases.map(\.rawValue).joined(separator: ", ")), "
        + "foreign_key, many_to_many, reverse, array",
      "m/b.yaml:2:1: error: while parsing a flow node, did not find expected node content",
      "m/c.yaml:1:1: error: the file has no 'models'",
      "m/c.yaml:1:1: error: unknown key 'modles' of a definition file; did you mean 'models'?",
      "m/d.yaml:3:12: error: 'table' expected text, found the number 5; for text write '5' in quotes",
      // c.C may be in the file that could not be read; A of another package is known by its full name.
      "m/d.yaml:7:38: error: there is no model 'A'; did you mean 'a.A'?",
    ]
    for _ in 1...3 {
      let (schema, diagnostics) = SchemaLoader.load(files: files)
      #expect(schema == nil)
      #expect(diagnostics.map(\.description).sorted() == expected.sorted())
      #expect(
        diagnostics.map { [$0.location.file, "\($0.location.line)"] }
          == expected.map { text in
            text.split(separator: ":").prefix(2).map(String.init)
          })
    }
  }

  @Test func packagesAndModelsAreThereOnce() {
    let model = "models: { A: { fields: { id: { type: int64, primary_key: true } } } }"
    let (schema, diagnostics) = SchemaLoader.load(files: [("one.yaml", "package: p\n" + model), ("p.yaml", model)])
    #expect(schema == nil)
    #expect(
      diagnostics.map(\.description) == [
        "p.yaml:1:1: error: package 'p' is already defined by one.yaml:1:10; one file is one package"
      ])
  }

  @Test func modelsOfOtherPackagesByTheirFullName() throws {
    let (schema, diagnostics) = SchemaLoader.load(files: [
      (
        "shop.yaml",
        "models: { Order: { fields: { id: { type: int64, primary_key: true },\n"
          + " by: { type: foreign_key, model: auth.User } } } }"
      ),
      ("x/auth.yml", "models: { User: { fields: { name: { type: string, primary_key: true } } } }"),
    ])
    #expect(diagnostics.isEmpty)
    let order = try #require(schema?.model(named: "shop.Order"))
    #expect(order.fields[1].type == .foreignKey(ForeignKey(model: 1, field: 0, type: .string, onDelete: .noAction)))
    #expect(schema?.packages.map(\.name) == ["shop", "auth"])
    #expect(schema?.packages.map(\.models) == [[0], [1]])
  }

  @Test func aFilesNameMustMakeAPackage() {
    #expect(
      diagnostics("models: { A: { fields: { id: { type: int64, primary_key: true } } } }", file: "models/My App.yaml")
        == [
          "models/My App.yaml:1:1: error: the file's name makes no proto package; add 'package: my_app'"
        ])
  }

  @Test func aServiceNamePatternMustMakeNames() {
    let files = [(path: "a.yaml", text: "models: { A: { fields: { id: { type: int64, primary_key: true } } } }")]
    let (schema, diagnostics) = SchemaLoader.load(files: files, serviceNamePattern: "{modl}-service")
    #expect(schema == nil)
    #expect(
      diagnostics.map(\.description) == [
        "a.yaml:1:11: error: the service name pattern '{modl}-service' makes '{modl}-service': "
          + "UpperCamelCase letters and digits; change the pattern, '{model}' stands for the model's name"
      ])
  }

  /// A project of the size that the start-up time is promised for.
  @Test func aHundredModels() throws {
    let files = (0..<100).map { number in
      let fields = (0..<20).map { "      f\($0): { type: string, max_length: 100, null: true, doc: Field \($0). }\n" }
        .joined()
      let key = "      id: { type: int64, primary_key: true }\n"
      let next = "      next: { type: foreign_key, model: p\((number + 1) % 100).M }\n"
      return (path: "p\(number).yaml", text: "models:\n  M:\n    fields:\n\(key)\(next)\(fields)")
    }
    let start = ContinuousClock.now
    let (schema, diagnostics) = SchemaLoader.load(files: files)
    #expect(diagnostics.isEmpty)
    #expect(schema?.models.count == 100)
    #expect(schema?.models.map(\.fields.count) == Array(repeating: 22, count: 100))
    // Without optimisation, on a busy machine: far above what it takes, far below what is quadratic.
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func noFilesIsAnEmptySchema() {
    let (schema, diagnostics) = SchemaLoader.load(files: [])
    #expect(schema?.models.isEmpty == true)
    #expect(diagnostics.isEmpty)
  }

  @Test func aDirectoryIsReadFlatAndSorted() throws {
    let folder = try TemporaryFolder()
    let model = { (name: String) in "models: { \(name): { fields: { id: { type: int64, primary_key: true } } } }" }
    try folder.write("b.yml", Array("\u{FEFF}\(model("B"))".utf8))
    try folder.write("a.yaml", Array(model("A").replacing(", ", with: ",\r\n  ").utf8))
    try folder.write(".hidden.yaml", Array("oops".utf8))
    try folder.write("notes.txt", Array("oops".utf8))
    try folder.makeFolder("sub.d")
    let (schema, diagnostics) = SchemaLoader.load(directory: folder.path)
    #expect(diagnostics.isEmpty)
    #expect(schema?.models.map(\.fullName) == ["a.A", "b.B"])
    #expect(schema?.models.first?.location.file == "\(folder.path)/a.yaml")
  }

  @Test func whatCannotBeReadIsReported() throws {
    let folder = try TemporaryFolder()
    #expect(
      SchemaLoader.load(directory: folder.path).diagnostics.map(\.description) == [
        "\(folder.path): error: the directory holds no definitions; expected *.yaml files"
      ])
    #expect(
      SchemaLoader.load(directory: folder.path + "/none").diagnostics.map(\.description) == [
        "\(folder.path)/none: error: cannot read the directory: No such file or directory"
      ])
    try folder.write("a.yaml", Array("models:\n  # é ".utf8) + [0xFF, 0x41])
    try folder.makeFolder("b.yaml")
    #expect(symlink("nowhere", folder.path + "/c.yaml") == 0)
    let (schema, diagnostics) = SchemaLoader.load(directory: folder.path)
    #expect(schema == nil)
    #expect(
      Set(diagnostics.map(\.description)) == [
        "\(folder.path)/a.yaml:2:7: error: the file is not UTF-8; save it as UTF-8",
        "\(folder.path)/b.yaml: error: cannot read the file: Is a directory",
        "\(folder.path)/c.yaml: error: cannot read the file: No such file or directory",
      ])
  }

  @Test func utf16IsNotUTF8() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.yaml", [0xFF, 0xFE, 0x61, 0x00])
    #expect(
      SchemaLoader.load(directory: folder.path).diagnostics.map(\.description) == [
        "\(folder.path)/a.yaml:1:1: error: the file is not UTF-8; save it as UTF-8"
      ])
  }
}

/// A folder of its own that goes with the value.
private final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/pillion-schema-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen(path + "/" + name, "w"))
    defer { fclose(file) }
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
  }

  func makeFolder(_ name: String) throws { try #require(mkdir(path + "/" + name, 0o700) == 0) }

  deinit {
    if let handle = opendir(path) {
      while let entry = readdir(handle) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { remove(path + "/" + name) }
      }
      closedir(handle)
    }
    rmdir(path)
  }
}
