package import PillionSchema
package import SwiftProtobuf

/// What `ProtoGenerator` makes of a schema and a lock.
package struct GeneratedProtos: Sendable {
  /// One for each package, in the order of the schema's packages.
  package var protoFiles: [ProtoFile]
  /// The lock with everything new in it; as it was if there are errors among the diagnostics.
  package var lock: Lock
  /// By the model's index in `Schema.models`.
  package var shapes: [ServiceShape]
  /// What differs from the lock in a way that clients may see.
  package var changes: [BreakingChange]
  /// Names that protoc would refuse, `was:` that leads nowhere, breaking changes.
  package var diagnostics: [Diagnostic]

  /// Name below the output folder, and text; made anew each time.
  package var files: [(name: String, text: String)] { protoFiles.map { ($0.name, $0.text) } }

  /// What reflection serves, without the files of `google/protobuf` that they import; made anew each time.
  package var descriptors: [Google_Protobuf_FileDescriptorProto] { protoFiles.map(\.descriptor) }

  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}
