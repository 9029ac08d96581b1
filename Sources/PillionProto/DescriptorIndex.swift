import SwiftProtobuf

/// Descriptors by what reflection is asked for: the name of a file, or of anything that a file declares.
package struct DescriptorIndex: Sendable {
  private struct File {
    var bytes: [UInt8]
    /// Indices of the files that it imports.
    var imports: [Int] = []
  }

  /// Full names of all services, sorted.
  package private(set) var services: [String] = []
  private var files: [File] = []
  private var fileIndices: [String: Int] = [:]
  private var symbols: [String: Int] = [:]
  private var messages: Set<String> = []

  /// - Parameters:
  ///   - descriptors: each behind those that it imports, as in a descriptor set; of two with one name the first is kept,
  ///     and of two that declare one name.
  ///   - isServed: whether a service is listed.
  init(_ descriptors: [Google_Protobuf_FileDescriptorProto], isServed: (String) -> Bool = { _ in true }) {
    for descriptor in descriptors where fileIndices[descriptor.name] == nil {
      guard let bytes: [UInt8] = try? descriptor.serializedBytes() else {
        assertionFailure("\(descriptor.name) has no required field to miss")
        continue
      }
      let index = files.count
      fileIndices[descriptor.name] = index
      files.append(File(bytes: bytes, imports: descriptor.dependency.compactMap { fileIndices[$0] }))
      let scope = descriptor.package.isEmpty ? "" : descriptor.package + "."
      for message in descriptor.messageType { add(message, scope, index) }
      for type in descriptor.enumType { add(type, scope, index) }
      for service in descriptor.service {
        let name = scope + service.name
        if symbols[name] == nil, isServed(name) { services.append(name) }
        declare(name, index)
        for method in service.method { declare("\(name).\(method.name)", index) }
      }
    }
    services.sort()
  }

  /// All that a server has: the generated protos, health and reflection, what a program adds, and what they import.
  ///
  /// - Parameter services: full names of the program's services; others that its files declare are not listed.
  package init(
    serving protos: GeneratedProtos, and added: ProgramDescriptors = ProgramDescriptors(), of services: [String] = []
  ) {
    let own = [ServerFiles.health, ServerFiles.reflection(version: "v1"), ServerFiles.reflection(version: "v1alpha")]
    let generated = protos.descriptorSet.file + own
    let served = Set(
      services
        + generated.flatMap { file in
          file.service.map { file.package.isEmpty ? $0.name : "\(file.package).\($0.name)" }
        })
    self.init(generated + added.ordered(behind: generated)) { served.contains($0) }
  }

  private mutating func declare(_ symbol: String, _ index: Int) {
    if symbols[symbol] == nil { symbols[symbol] = index }
  }

  private mutating func add(_ message: Google_Protobuf_DescriptorProto, _ scope: String, _ index: Int) {
    let name = scope + message.name
    declare(name, index)
    messages.insert(name)
    for field in message.field { declare("\(name).\(field.name)", index) }
    for oneof in message.oneofDecl { declare("\(name).\(oneof.name)", index) }
    for nested in message.nestedType { add(nested, name + ".", index) }
    for type in message.enumType { add(type, name + ".", index) }
  }

  /// The values of an enum are named beside it, not below it.
  private mutating func add(_ type: Google_Protobuf_EnumDescriptorProto, _ scope: String, _ index: Int) {
    declare(scope + type.name, index)
    for value in type.value { declare(scope + value.name, index) }
  }

  /// The serialized file, and then all that it imports, directly or not; nil: there is no such file.
  package func file(named name: String) -> [[UInt8]]? { fileIndices[name].map(closure) }

  /// The same for the file that declares a message, field, enum, value, service or method.
  package func file(declaring symbol: String) -> [[UInt8]]? { symbols[symbol].map(closure) }

  package func hasMessage(_ name: String) -> Bool { messages.contains(name) }

  private func closure(_ index: Int) -> [[UInt8]] {
    var found = [index]
    var next = 0
    while next < found.count {
      for file in files[found[next]].imports where !found.contains(file) { found.append(file) }
      next += 1
    }
    return found.map { files[$0].bytes }
  }
}
