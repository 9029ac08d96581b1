import Foundation
import PillionProto
import PillionSchema
import SwiftProtobuf
import Testing

private let protoc = "/usr/bin/protoc"

/// The descriptors that reflection serves are those that protoc makes of the printed text.
struct DescriptorTests {
  private var everything: Schema {
    var fields = [field("id", .int64), field("_rank", .int32, default: .int(1))]
    for type in ScalarType.allCases {
      fields.append(field("plain_\(type.rawValue)", type))
      fields.append(field("null_\(type.rawValue)", type, null: true))
    }
    fields.append(manyToMany("many_2_many", model: 0))
    return schema(
      model("Oneof", package: "all.v1", style: .oneof, fields),
      model("Wrapper", package: "all.v1", style: .wrapper, fields),
      model("Optional", package: "all.v1", style: .optional, fields),
      model("List", package: "acme.google", fields),
      model("Pair", package: "pair", key: [0, 1], [field("a", .int32), field("b", .string)]))
  }

  /// Everything, with tombstones.
  private var protos: GeneratedProtos {
    var old = everything.models
    for index in old.indices {
      old[index].fields.append(contentsOf: [field("gone", .string), field("lost", .bool)])
      old[index].service.fields = Array(old[index].fields.indices)
    }
    let lock = ProtoGenerator(schema: schema(old)).generate().lock
    return ProtoGenerator(schema: everything, lock: lock).generate()
  }

  @Test("services, streaming, presence, oneofs and reserved numbers")
  func descriptor() throws {
    let protos = protos
    #expect(protos.diagnostics == [])
    #expect(protos.descriptors.map(\.name) == ["all.v1.proto", "acme.google.proto", "pair.proto"])
    let file = try #require(protos.descriptors.first)
    let list = try #require(file.service.first?.method.first)
    #expect(list.name == "List" && list.serverStreaming && !list.clientStreaming)
    #expect(list.inputType == ".all.v1.OneofListRequest" && list.outputType == ".all.v1.Oneof")
    let message = try #require(file.messageType.first)
    #expect(message.field.first { $0.name == "null_string" }?.typeName == ".all.v1.NullableString")
    #expect(message.field.first { $0.name == "many_2_many" }?.label == .repeated)
    #expect(message.field.first { $0.name == "many_2_many" }?.jsonName == "many2Many")
    #expect(message.reservedName == ["gone", "lost"])
    #expect(message.reservedRange.map { [$0.start, $0.end] } == [[36, 37], [37, 38]])
    #expect(message.oneofDecl.map(\.name) == ["_id", "X_rank"])
    let nullable = try #require(file.messageType.first { $0.name == "NullableString" })
    #expect(nullable.oneofDecl.map(\.name) == ["kind"])
    #expect(nullable.field.map(\.type) == [.string, .enum])
  }

  @Test("protoc makes the same of the text", .enabled(if: FileManager.default.isExecutableFile(atPath: protoc)))
  func protocAgrees() throws {
    let protos = protos
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("protoc-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try ProtoOutput.write(protos, to: folder)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: protoc)
    process.arguments = ["-I\(folder)", "--descriptor_set_out=\(folder)/set"] + protos.files.map(\.name)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let set = try Google_Protobuf_FileDescriptorSet(
      serializedBytes: Data(contentsOf: URL(fileURLWithPath: "\(folder)/set")))
    #expect(set.file.count == protos.descriptors.count)
    for descriptor in protos.descriptors {
      let made = try #require(set.file.first { $0.name == descriptor.name })
      for (ours, theirs) in zip(descriptor.messageType, made.messageType) { #expect(ours == theirs) }
      for (ours, theirs) in zip(descriptor.service, made.service) { #expect(ours == theirs) }
      #expect(descriptor == made)
    }
  }
}
