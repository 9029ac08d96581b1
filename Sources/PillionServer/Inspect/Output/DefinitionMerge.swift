import PillionDatabase
package import PillionSchema

/// Adds to the definitions of a folder what they lack. What is there stays as it is, to the letter.
package struct DefinitionMerge {
  /// A definition file: its path and its text; a text that is nil is a file that is still to be made.
  package typealias File = (path: String, text: String)

  /// The files that change, whole.
  package private(set) var changed: [File] = []
  /// What was added, and what could not be, in sentences for people.
  package private(set) var notes: [String] = []

  /// `files` are those of the folder, `schema` what they say, `package` that of new models.
  package init(_ drafts: [ModelDraft], files: [File], schema: Schema, package: String, folder: String) {
    var isHome = false
    for file in files {
      guard let home = schema.packages.first(where: { $0.location.file == file.path }) else { continue }
      isHome = isHome || home.name == package
      let here = drafts.filter { ($0.package ?? package) == home.name }
      merge(here, into: file, models: home.models.map { schema.models[$0] })
    }
    let new = drafts.filter { $0.package == nil }
    if !isHome, !new.isEmpty {
      let path = folder.hasSuffix("/") ? "\(folder)\(package).yaml" : "\(folder)/\(package).yaml"
      changed.append((path, DefinitionPrinter.file(package: package, models: new)))
      notes.append("wrote \(path): \(new.count) model\(new.count == 1 ? "" : "s")")
    }
  }

  /// The names of models that stand in comments, and so were left out on purpose.
  package static func commentedOut(_ files: [File]) -> Set<String> {
    files.reduce(into: []) { names, file in
      names.formUnion(DefinitionOutline(path: file.path, text: file.text)?.models.commentedOut ?? [])
    }
  }

  private mutating func merge(_ drafts: [ModelDraft], into file: File, models: [Model]) {
    guard let outline = DefinitionOutline(path: file.path, text: file.text) else { return }
    var additions: [DefinitionOutline.Addition] = []
    // New fields of the file's last model come before the models behind it.
    let isKnown = { (draft: ModelDraft) in models.first { draft.package != nil && $0.name == draft.name } }
    for draft in drafts {
      if let model = isKnown(draft) { add(draft, to: model, outline, file.path, &additions) }
    }
    for draft in drafts where isKnown(draft) == nil { add(draft, outline, file.path, &additions) }
    if !additions.isEmpty { changed.append((file.path, outline.text(adding: additions))) }
  }

  /// The fields that the model has not.
  private mutating func add(
    _ draft: ModelDraft, to model: Model, _ outline: DefinitionOutline, _ path: String,
    _ additions: inout [DefinitionOutline.Addition]
  ) {
    guard let names = outline.fields[model.name] else { return }
    let known = Set(model.fields.map(\.name))
    let new = draft.fields.filter { field in
      !known.contains(field.name) && !names.commentedOut.contains(field.name)
        && !(field.column.map(names.commentedOut.contains) ?? false)
    }
    guard !new.isEmpty else { return }
    var indent = 0
    switch names.style {
    case .block(_, let columns): indent = columns
    case .flow: break
    case .alias:
      for field in new { notes.append("\(path): add to \(model.name) by hand: \(DefinitionPrinter.field(field))") }
      return
    }
    additions.append(
      .init(
        to: names.style, lines: new.flatMap { DefinitionPrinter.field($0, indent: indent) },
        items: new.map(DefinitionPrinter.field)))
    for field in new { notes.append("\(path): added \(model.name).\(field.name)") }
  }

  private mutating func add(
    _ draft: ModelDraft, _ outline: DefinitionOutline, _ path: String,
    _ additions: inout [DefinitionOutline.Addition]
  ) {
    switch outline.models.style {
    case .block(_, let indent):
      let lines = [""] + DefinitionPrinter.model(draft, indent: indent)
      additions.append(.init(to: outline.models.style, lines: lines, items: []))
      notes.append("\(path): added \(draft.name)")
    case .flow, .alias:
      notes.append(
        "\(path): \(draft.name) of table \(draft.table) is left out: 'models' is not written one model a line")
    }
  }
}
