import SwiftProtobuf

/// The descriptors of services that a program brings along: what `protoc --include_imports -o` makes.
package struct ProgramDescriptors: Sendable {
  let files: [Google_Protobuf_FileDescriptorProto]

  /// None.
  package init() { files = [] }

  /// Nil: the bytes are no `google.protobuf.FileDescriptorSet`.
  package init?(serialized: [UInt8]) {
    guard let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: serialized),
      set.file.allSatisfy({ !$0.name.isEmpty })
    else { return nil }
    files = set.file
  }

  private init(files: [Google_Protobuf_FileDescriptorProto]) { self.files = files }

  /// Of several sets, a file that is in two of them is the first's.
  package static func + (left: ProgramDescriptors, right: ProgramDescriptors) -> ProgramDescriptors {
    ProgramDescriptors(files: left.files + right.files)
  }

  /// The files that others import and nobody has: `(file, import)`.
  package func missingImports(beside protos: GeneratedProtos) -> [(file: String, missing: String)] {
    let known = Set(files.map(\.name) + protos.protoFiles.map(\.name))
    return files.flatMap { file in
      file.dependency.filter { !known.contains($0) && WellKnownFiles.descriptor($0) == nil }.map { (file.name, $0) }
    }
  }

  /// All files with those that they import and `known` does not have, each behind its imports.
  func ordered(behind known: [Google_Protobuf_FileDescriptorProto]) -> [Google_Protobuf_FileDescriptorProto] {
    let own = Dictionary(files.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var seen = Set(known.map(\.name))
    var ordered: [Google_Protobuf_FileDescriptorProto] = []
    func append(_ path: String) {
      guard seen.insert(path).inserted, let file = own[path] ?? WellKnownFiles.descriptor(path) else { return }
      file.dependency.forEach(append)
      ordered.append(file)
    }
    files.map(\.name).forEach(append)
    return ordered
  }
}
