/// Finds relations that are expanded too far, and packages whose protos would import each other in a circle.
///
/// Rows are expanded inside rows, until a relation leads to a model that is on the way already: there only its keys are
/// sent. So nothing is endless; but what is sent in one row multiplies.
struct ExpansionLimits {
  /// Messages inside each other, the row itself aside.
  static let depth = 5
  /// Relations that are expanded in one row, at all depths.
  static let relations = 64

  let models: [Model]
  let sink: DiagnosticSink

  func check() {
    for model in models.flatMap(\.views) {
      var count = 0
      walk(model, way: [model.index], root: model, count: &count)
    }
    checkPackages()
  }

  /// False when the root has been reported.
  @discardableResult
  private func walk(_ model: Model, way: [Int], root: Model, count: inout Int) -> Bool {
    for index in model.service.fields where model.fields.indices.contains(index) {
      let field = model.fields[index]
      guard field.expansion != nil, let next = field.type.related, models.indices.contains(next) else { continue }
      guard model.expands(field, way: way) else { continue }
      count += 1
      if count > Self.relations {
        sink.error(
          at: root.location,
          "a row of '\(root.name)' expands more than \(Self.relations) relations, those of the rows in it included",
          suggestion: "take 'expand' from some of them")
        return false
      }
      if way.count > Self.depth {
        sink.error(
          at: field.location,
          "'\(model.name).\(field.name)' is expanded \(way.count) levels deep in '\(root.name)', \(Self.depth) is the most",
          suggestion: "take 'expand' from a relation on the way")
        return false
      }
      if !walk(models[next], way: way + [next], root: root, count: &count) { return false }
    }
    return true
  }

  /// protoc refuses files that import each other.
  private func checkPackages() {
    var imports: [String: [(package: String, field: Field, model: Model)]] = [:]
    for model in models {
      for field in model.fields where field.expansion != nil {
        guard let next = field.type.related, models.indices.contains(next) else { continue }
        let package = models[next].package
        if package != model.package { imports[model.package, default: []].append((package, field, model)) }
      }
    }
    var reported: Set<String> = []
    for package in imports.keys.sorted() where !reported.contains(package) {
      guard let circle = circle(from: package, imports) else { continue }
      reported.formUnion(circle.map(\.model.package))
      let names = circle.map { "\($0.model.fullName).\($0.field.name)" }
      guard let first = circle.first else { continue }
      sink.error(
        at: first.field.location,
        "expanded relations make protos import each other in a circle: \(names.joined(separator: " → "))",
        suggestion: "take 'expand' from one of them, or put the models into one package")
    }
  }

  private func circle(
    from start: String, _ imports: [String: [(package: String, field: Field, model: Model)]]
  ) -> [(package: String, field: Field, model: Model)]? {
    var seen: Set<String> = []
    func search(_ package: String) -> [(package: String, field: Field, model: Model)]? {
      for edge in imports[package] ?? [] {
        if edge.package == start { return [edge] }
        guard seen.insert(edge.package).inserted, let rest = search(edge.package) else { continue }
        return [edge] + rest
      }
      return nil
    }
    return search(start)
  }
}

extension Model {
  /// Whether a relation of this model is sent as messages where the models in `way`, the outermost first and this one
  /// last, are inside each other: a row's own are always, and in a row that is inside another, those that lead to a
  /// model that is not on the way.
  package func expands(_ field: Field, way: [Int]) -> Bool {
    guard field.expansion != nil, !field.isWriteOnly, let next = field.type.related else { return false }
    return way.count == 1 || !way.contains(next)
  }
}
