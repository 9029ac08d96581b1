import PillionProto
import PillionSchema

/// `pillion generate-protos`
package struct GenerateProtosCommand {
  package var configuration: Configuration
  /// Only this model, as one stand-alone file.
  package var model: String?
  package var fields: [String]?
  /// Where the stand-alone file goes; `-` or nil: standard output.
  package var file: String?
  /// Writes nothing; fails if anything would be written.
  package var isCheck = false
  /// Writes nothing; prints what would change.
  package var isDryRun = false
  /// Where a FileDescriptorSet of everything goes, if it is wanted.
  package var descriptorSet: String?
  /// Breaking changes that may be made.
  package var accepted: Set<String> = []

  package init(configuration: Configuration) { self.configuration = configuration }

  package func run() -> ExitStatus {
    let loaded = Definitions.load(configuration, accepting: accepted)
    Terminal.complain(loaded.diagnostics)
    guard let definitions = loaded.definitions else {
      return loaded.contradiction != nil ? .failure : .configuration
    }
    do throws(ProtoOutputError) {
      if let model { return try generate(model, definitions) }
      if isDryRun { return try printDifference(definitions) }
      return try isCheck ? check(definitions) : generate(definitions)
    } catch {
      Terminal.complain("error: \(error.description)")
      return .configuration
    }
  }

  private func generate(_ definitions: Definitions) throws(ProtoOutputError) -> ExitStatus {
    let written = try ProtoOutput.write(definitions.protos, to: configuration.protos)
    for name in written { Terminal.print("wrote \(configuration.protos)/\(name)") }
    if let descriptorSet, try ProtoOutput.write(definitions.protos.descriptorSetBytes(), toFile: descriptorSet) {
      Terminal.print("wrote \(descriptorSet)")
    }
    if written.isEmpty { Terminal.print("\(configuration.protos) is up to date") }
    return .success
  }

  private func check(_ definitions: Definitions) throws(ProtoOutputError) -> ExitStatus {
    var differences = try ProtoOutput.check(definitions.protos, in: configuration.protos)
    if let descriptorSet, try ProtoOutput.differs(definitions.protos.descriptorSetBytes(), fromFile: descriptorSet) {
      differences.append(
        Diagnostic(
          at: SourceLocation(file: descriptorSet), "differs from what the definitions make",
          suggestion: "run `pillion generate-protos --descriptor-set \(descriptorSet)`"))
    }
    Terminal.complain(differences)
    guard differences.isEmpty else { return .failure }
    Terminal.print("\(configuration.protos) is up to date")
    return .success
  }

  private func printDifference(_ definitions: Definitions) throws(ProtoOutputError) -> ExitStatus {
    let difference = try ProtoOutput.diff(definitions.protos, in: configuration.protos)
    if !difference.isEmpty { Terminal.print(String(difference.dropLast())) }
    if let descriptorSet, try ProtoOutput.differs(definitions.protos.descriptorSetBytes(), fromFile: descriptorSet) {
      Terminal.complain("note: would write \(descriptorSet)")
    }
    if difference.isEmpty { Terminal.complain("\(configuration.protos) is up to date") }
    return .success
  }

  private func generate(_ name: String, _ definitions: Definitions) throws(ProtoOutputError) -> ExitStatus {
    guard let model = definitions.schema.model(named: name) else {
      let near = Suggestion.of(name, among: definitions.schema.models.map(\.fullName))
      Terminal.complain("error: there is no model '\(name)'" + (near.map { "; \($0)" } ?? ""))
      return .configuration
    }
    let generator = ProtoGenerator(schema: definitions.schema)
    let (text, problems) = generator.generate(model: model, fields: fields)
    Terminal.complain(problems)
    if problems.contains(where: { $0.severity == .error }) { return .configuration }
    if let file, file != "-" {
      try ProtoOutput.write(text, toFile: file)
    } else {
      Terminal.print(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    }
    return .success
  }
}
