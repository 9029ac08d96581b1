import ArgumentParser
import PillionDatabase
import PillionProto
import PillionServer

@main
struct Pillion: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pillion",
    abstract: "Speaks gRPC for a database that you already have.",
    discussion: """
      Settings come from pillion.yaml, then the environment (PILLION_DATABASE_URL and so on), then flags; \
      `pillion serve --print-config` shows the result.

      Exit codes: 0 fine, 1 a check failed, 64 usage, 69 the database or the server cannot be reached, 78 the configuration or a \
      definition is wrong.
      """,
    version: "pillion \(PillionVersion.current)",
    subcommands: [
      Serve.self, GenerateProtos.self, Inspect.self, Check.self, SchemaSQL.self, MakeAPIKey.self, Healthcheck.self,
    ])
}

struct SettingsFileOption: ParsableArguments {
  @Option(help: ArgumentHelp("Settings file; default: pillion.yaml, if there is one.", valueName: "file"))
  var config: String?

  /// The configuration with `flags`, by setting; complains and exits if anything is wrong.
  func load(_ flags: [String: [String]]) throws -> Configuration {
    let (configuration, diagnostics) = Configuration.load(file: config, flags: flags)
    Terminal.complain(diagnostics)
    guard let configuration else { throw ExitCode(ExitStatus.configuration.rawValue) }
    return configuration
  }
}

struct ConfigurationOptions: ParsableArguments {
  @OptionGroup var settings: SettingsFileOption

  @Option(help: ArgumentHelp("Folder of the model definitions; default: models.", valueName: "dir"))
  var models: String?

  /// The configuration with these flags and `more`, by setting; complains and exits if anything is wrong.
  func load(_ more: [String: [String]] = [:]) throws -> Configuration {
    var flags = more
    if let models { flags["models"] = [models] }
    return try settings.load(flags)
  }
}

struct AcceptOptions: ParsableArguments {
  @Option(
    name: .customLong("accept-breaking"),
    help: ArgumentHelp(
      "A breaking change that may be made, as its message names it; may be given again.", valueName: "kind:place"))
  var changes: [String] = []

  func validate() throws {
    for change in changes {
      if let mistake = BreakingChange.mistake(in: change) { throw ValidationError("--accept-breaking: \(mistake).") }
    }
  }
}

extension ExitStatus {
  func exit() throws {
    if self != .success { throw ExitCode(rawValue) }
  }
}

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Serves every model over gRPC until SIGTERM or Ctrl-C.")

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "Address to listen on, or unix:path; may be given again. Default: 127.0.0.1:50051.", valueName: "host:port"))
  var listen: [String] = []

  @Option(help: ArgumentHelp("sqlite:path, or any PostgreSQL URI or keyword string.", valueName: "url"))
  var database: String?

  @OptionGroup var accept: AcceptOptions

  @Flag(help: "Serves although tables or columns are missing; their services are not ready.")
  var allowDrift = false

  @Flag(help: "For development: reloads when a definition changes, logs text for people, turns reflection on.")
  var dev = false

  @Flag(help: "Prints the effective settings, secrets masked, and exits.")
  var printConfig = false

  func run() throws {
    var flags = ["server.listen": listen]
    if let database { flags["database.url"] = [database] }
    if dev {
      flags["log.format"] = ["text"]
      flags["server.reflection"] = ["on"]
    }
    let configuration = try options.load(flags)
    if printConfig {
      Terminal.print(configuration.printed)
      return
    }
    var serving = ServeOptions(configuration: configuration)
    serving.isDevelopment = dev
    serving.allowsDrift = allowDrift
    serving.accepted = Set(accept.changes)
    try ServeCommand(serving).run().exit()
  }
}

struct GenerateProtos: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate-protos",
    abstract: "Writes one .proto a package, and the lock that keeps field numbers stable.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("Folder to write; default: protos.", valueName: "dir"))
  var out: String?

  @Option(help: ArgumentHelp("Only this model, as one stand-alone file: blog.Post.", valueName: "name"))
  var model: String?

  @Option(help: ArgumentHelp("With --model: the fields to show.", valueName: "a,b"))
  var fields: String?

  @Option(help: ArgumentHelp("With --model: the file to write; - is standard output, the default.", valueName: "file"))
  var file: String?

  @Flag(help: "Writes nothing; exits with 1 if the protos or the lock differ from what would be written.")
  var check = false

  @Flag(help: "Writes nothing; prints what would change, as `diff -u` does.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "Also writes a FileDescriptorSet of all protos and what they import, as `protoc --include_imports -o`.",
      valueName: "file"))
  var descriptorSet: String?

  @OptionGroup var accept: AcceptOptions

  func validate() throws {
    if check && dryRun { throw ValidationError("--check and --dry-run exclude each other.") }
    if model != nil && (dryRun || descriptorSet != nil) {
      throw ValidationError("--dry-run and --descriptor-set do not go with --model.")
    }
    if model == nil && (fields != nil || file != nil) { throw ValidationError("--fields and --file need --model.") }
    if model != nil && check { throw ValidationError("--check does not go with --model.") }
  }

  func run() throws {
    let configuration = try options.load(out.map { ["protos": [$0]] } ?? [:])
    let fields = fields?.split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }
    var command = GenerateProtosCommand(configuration: configuration)
    command.model = model
    command.fields = fields
    command.file = file
    command.isCheck = check
    command.isDryRun = dryRun
    command.descriptorSet = descriptorSet
    command.accepted = Set(accept.changes)
    try command.run().exit()
  }
}

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes model definitions for the tables that a database has; the database is only read.",
    discussion: """
      Without --out the definitions go to standard output. Where the folder has definitions already, tables and \
      columns that they lack are added, and what differs from the database is printed; nothing that is there is changed.
      """)

  @OptionGroup var settings: SettingsFileOption

  @Option(help: ArgumentHelp("sqlite:path, or any PostgreSQL URI or keyword string.", valueName: "url"))
  var database: String?

  @Option(help: ArgumentHelp("Folder of definitions to write or add to, such as models.", valueName: "dir"))
  var out: String?

  @Option(help: ArgumentHelp("Only these tables; default: all.", valueName: "a,b"))
  var tables: String?

  @Option(
    help: ArgumentHelp(
      "Proto package of new definitions; default: the one in --out, or the database's name.", valueName: "name"))
  var package: String?

  func run() throws {
    let configuration = try settings.load(database.map { ["database.url": [$0]] } ?? [:])
    let tables = tables?.split(separator: ",").map { name in
      String(name.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
    try InspectCommand(configuration: configuration, out: out, tables: tables, package: package).run().exit()
  }
}

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares definitions, generated protos and the live database; exits with 1 if calls would fail.",
    discussion: "Nothing is written: the database is opened read-only.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("sqlite:path, or any PostgreSQL URI or keyword string.", valueName: "url"))
  var database: String?

  @Option(help: "text, a line a finding on standard error; or json, one object on standard output.")
  var format = CheckCommand.Format.text

  func run() throws {
    var command = CheckCommand(configuration: try options.load(database.map { ["database.url": [$0]] } ?? [:]))
    command.format = format
    try command.run().exit()
  }
}

struct SchemaSQL: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the SQL that creates what the definitions need, or applies it.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("sqlite:path, or any PostgreSQL URI or keyword string.", valueName: "url"))
  var database: String?

  @Option(help: "sqlite or postgresql; default: that of the database, or sqlite.")
  var dialect: Dialect?

  @Flag(help: "Creates the tables that are missing; never alters or drops anything.")
  var apply = false

  func run() throws {
    let configuration = try options.load(database.map { ["database.url": [$0]] } ?? [:])
    try SchemaCommand(configuration: configuration, dialect: dialect, isApply: apply).run().exit()
  }
}

struct MakeAPIKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "api-key",
    abstract: "Makes an API key for a caller, and the line by which the server knows it.",
    discussion: """
      The key is shown once: on standard error, or with --file, which takes the line, on standard output. What the file \
      holds is a salted hash, from which nobody can find the key. A server that runs takes the file over by itself.
      """)

  @Option(help: ArgumentHelp("Who the caller is: the `principal` of its calls.", valueName: "name"))
  var name: String

  @Option(
    help: ArgumentHelp(
      "What rules may ask for as claims.k; JSON is taken as such, other text as text. May be given again.",
      valueName: "k=v"))
  var claims: [String] = []

  @Option(help: ArgumentHelp("When the key ends: 2030-01-31T12:00:00Z, 2030-01-31 or 90d.", valueName: "when"))
  var expires: String?

  @Option(help: ArgumentHelp("File of keys that the line is added to.", valueName: "file"))
  var file: String?

  func validate() throws {
    if name.isEmpty { throw ValidationError("--name must not be empty.") }
    if APIKeyCommand.claims(claims) == nil {
      throw ValidationError("--claims expected k=v, with another k each time.")
    }
    if let expires, APIKeyCommand.time(expires) == nil {
      throw ValidationError("--expires expected a time such as 2030-01-31T12:00:00Z, a date, or days such as 90d.")
    }
  }

  func run() throws {
    var command = APIKeyCommand(name: name, claims: APIKeyCommand.claims(claims) ?? [:], file: file)
    command.expires = expires.flatMap(APIKeyCommand.time)
    try command.run().exit()
  }
}

extension Dialect: ExpressibleByArgument {}
extension CheckCommand.Format: ExpressibleByArgument {}
