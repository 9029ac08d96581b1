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

  /// - Parameter descriptors: each behind those that it imports, as in a descriptor set; of two with one name the first
  ///   is kept.
  init(_ descriptors: [Google_Protobuf_FileDescriptorProto]) {
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
        services.append(scope + service.name)
        symbols[scope + service.name] = index
        for method in service.method { symbols["\(scope)\(service.name).\(method.name)"] = index }
      }
    }
    services.sort()
  }

  /// All that a server has: the generated protos, health and reflection, and what they import.
  package init(serving protos: GeneratedProtos) {
    let own = [ServerFiles.health, ServerFiles.reflection(version: "v1"), ServerFiles.reflection(version: "v1alpha")]
    self.init(protos.descriptorSet.file + own)
  }

  private mutating func add(_ message: Google_Protobuf_DescriptorProto, _ scope: String, _ index: Int) {
    let name = scope + message.name
    symbols[name] = index
    messages.insert(name)
    for field in message.field { symbols["\(name).\(field.name)"] = index }
    for oneof in message.oneofDecl { symbols["\(name).\(oneof.name)"] = index }
    for nested in message.nestedType { add(nested, name + ".", index) }
    for type in message.enumType { add(type, name + ".", index) }
  }

  /// The values of an enum are named beside it, not below it.
  private mutating func add(_ type: Google_Protobuf_EnumDescriptorProto, _ scope: String, _ index: Int) {
    symbols[scope + type.name] = index
    for value in type.value { symbols[scope + value.name] = index }
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
