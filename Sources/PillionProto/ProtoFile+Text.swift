import PillionSchema

extension ProtoFile {
  /// The file's text, byte-stable: the same structure always prints the same bytes. `buf format` leaves it as it is.
  package var text: String {
    var printer = Printer(package: package)
    printer.comment(header)
    printer.line()
    printer.line("syntax = \"proto3\";")
    printer.line()
    printer.comment(comment)
    if !package.isEmpty {
      printer.line("package \(package);")
      printer.line()
    }
    let imports = imports
    for path in imports { printer.line("import \"\(path)\";") }
    if !imports.isEmpty { printer.line() }
    printer.line("option go_package = \"\(goPackage)\";")
    for declaration in declarations {
      printer.line()
      switch declaration {
      case .service(let service): printer.service(service)
      case .message(let message): printer.message(message)
      case .enumeration(let enumeration): printer.enumeration(enumeration)
      }
    }
    return printer.text
  }
}

/// Appends declarations to text, two blanks an indent.
private struct Printer {
  let package: String
  /// `.google` rather than `google`: proto looks a name up from the inside, and this package has a `google` of its own.
  let rootsGoogle: Bool
  var text = ""

  init(package: String) {
    self.package = package
    rootsGoogle = package.split(separator: ".").dropFirst().contains("google")
  }

  mutating func line(_ line: String = "", indent: Int = 0) {
    if !line.isEmpty { text += String(repeating: "  ", count: indent) + line }
    text += "\n"
  }

  mutating func comment(_ lines: [String], indent: Int = 0) {
    for comment in lines { line(comment.isEmpty ? "//" : "// \(comment)", indent: indent) }
  }

  func name(_ type: ProtoTypeName) -> String {
    switch type {
    case .google, .nullValue: (rootsGoogle ? "." : "") + type.description
    // From the root: a package inside this one may begin with the same name.
    case .imported: "." + type.description
    case .scalar, .local, .enumeration: type.description
    }
  }

  mutating func service(_ service: ProtoService) {
    guard !service.methods.isEmpty || service.isDeprecated else { return line("service \(service.name) {}") }
    let names = Set(service.methods.map(\.name))
    // A message called like an rpc of the service would be taken for the rpc.
    func name(_ type: ProtoTypeName) -> String {
      guard case .local(let local) = type, names.contains(local) else { return self.name(type) }
      return package.isEmpty ? ".\(local)" : ".\(package).\(local)"
    }
    line("service \(service.name) {")
    if service.isDeprecated { deprecation(isLast: service.methods.isEmpty) }
    for method in service.methods {
      comment(method.comment, indent: 1)
      let stream = method.isServerStreaming ? "stream " : ""
      let rpc = "rpc \(method.name)(\(name(method.request))) returns (\(stream)\(name(method.response)))"
      line(method.isDeprecated ? "\(rpc) {" : "\(rpc) {}", indent: 1)
      if method.isDeprecated {
        deprecation(isLast: true, indent: 2)
        line("}", indent: 1)
      }
    }
    line("}")
  }

  mutating func message(_ message: ProtoMessage) {
    comment(message.comment)
    let isReserving = !message.reservedNumbers.isEmpty || !message.reservedNames.isEmpty
    guard !message.fields.isEmpty || isReserving || message.isDeprecated else {
      return line("message \(message.name) {}")
    }
    line("message \(message.name) {")
    if message.isDeprecated { deprecation(isLast: message.fields.isEmpty && !isReserving) }
    reserved(message.reservedNumbers, message.reservedNames)
    if isReserving, !message.fields.isEmpty { line() }
    if let oneof = message.oneof { line("oneof \(oneof) {", indent: 1) }
    for field in message.fields { self.field(field, indent: message.oneof == nil ? 1 : 2) }
    if message.oneof != nil { line("}", indent: 1) }
    line("}")
  }

  mutating func enumeration(_ enumeration: ProtoEnum) {
    line("enum \(enumeration.name) {")
    reserved(enumeration.reservedNumbers, enumeration.reservedNames)
    if !enumeration.reservedNumbers.isEmpty { line() }
    for value in enumeration.values {
      comment(value.comment, indent: 1)
      line("\(value.name) = \(value.number);", indent: 1)
    }
    line("}")
  }

  private mutating func reserved(_ numbers: [Int32], _ names: [String]) {
    for number in numbers { line("reserved \(number);", indent: 1) }
    for name in names { line("reserved \"\(name)\";", indent: 1) }
  }

  private mutating func deprecation(isLast: Bool, indent: Int = 1) {
    line("option deprecated = true;", indent: indent)
    if !isLast { line() }
  }

  mutating func field(_ field: ProtoField, indent: Int) {
    comment(field.comment, indent: indent)
    let label =
      switch field.label {
      case .implicit: ""
      case .optional: "optional "
      case .repeated: "repeated "
      }
    let options = field.isDeprecated ? " [deprecated = true]" : ""
    line("\(label)\(name(field.type)) \(field.name) = \(field.number)\(options);", indent: indent)
  }
}
