package import PillionSchema
package import SwiftProtobuf

/// What `ProtoGenerator` makes of a schema and a lock.
package struct GeneratedProtos: Sendable {
  /// One for each package, in the order of the schema's packages.
  package var protoFiles: [ProtoFile]
  /// The lock with everything new in it; as it was if there are errors among the diagnostics.
  package var lock: Lock
  /// In the order of `Schema.views`.
  package var shapes: [ServiceShape]
  /// What differs from the lock in a way that clients may see.
  package var changes: [BreakingChange]
  /// Names that protoc would refuse, `was:` that leads nowhere, breaking changes.
  package var diagnostics: [Diagnostic]

  /// Name below the output folder, and text; made anew each time.
  package var files: [(name: String, text: String)] { protoFiles.map { ($0.name, $0.text) } }

  /// What reflection serves, without the files of `google/protobuf` that they import; made anew each time.
  package var descriptors: [Google_Protobuf_FileDescriptorProto] { protoFiles.map(\.descriptor) }

  /// What `protoc --include_imports -o` makes of all files: each file behind those that it imports.
  package var descriptorSet: Google_Protobuf_FileDescriptorSet {
    var set = Google_Protobuf_FileDescriptorSet()
    var seen: Set<String> = []
    let own = Dictionary(descriptors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    func append(_ path: String) {
      guard seen.insert(path).inserted else { return }
      guard let file = own[path] ?? WellKnownFiles.descriptor(path) else { return }
      if own[path] != nil { file.dependency.forEach(append) }
      set.file.append(file)
    }
    protoFiles.map(\.name).forEach(append)
    return set
  }

  /// The bytes of `descriptorSet`, the same for the same set.
  package func descriptorSetBytes() throws(ProtoOutputError) -> [UInt8] {
    do {
      return try descriptorSet.serializedBytes()
    } catch {
      throw ProtoOutputError(path: "descriptor set", operation: "write", cause: "\(error)")
    }
  }

  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}
