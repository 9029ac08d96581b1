// swift-tools-version:6.2
import PackageDescription

let package = Package(
  name: "pillion",
  products: [
    .executable(name: "pillion", targets: ["pillion"]),
    // To embed and extend; to mount what grpc-swift-2 has generated.
    .library(name: "Pillion", targets: ["Pillion"]),
    .library(name: "PillionGRPC", targets: ["PillionGRPC"]),
    // To test what embeds Pillion.
    .library(name: "PillionTesting", targets: ["PillionTesting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    // Signs page tokens; verifies JSON Web Tokens and API keys.
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    // Its readers of files are not used.
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    // GRPCCore alone: what generated services and stubs are written against.
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
  ],
  targets: [
    // C libraries, each imported by exactly one Swift target.
    .systemLibrary(name: "CPillionSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CPillionPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CPillionHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(name: "CPillionZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPillionYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CPillionMalloc"),

    // The front end: YAML to a validated schema.
    .target(name: "PillionSchema", dependencies: ["CPillionYAML"]),
    // The compiler for people: schema to .proto text and lock.
    .target(
      name: "PillionProto",
      dependencies: ["PillionSchema", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),

    // The compiler for machines: schema to codecs, plans and SQL.
    .target(name: "PillionWire", dependencies: ["PillionSchema"]),
    .target(
      name: "PillionQuery", dependencies: ["PillionSchema", .product(name: "Crypto", package: "swift-crypto")]),
    .target(name: "PillionDatabase", dependencies: ["PillionSchema", "PillionWire", "PillionQuery"]),
    .target(name: "PillionSQLite", dependencies: ["PillionDatabase", "PillionQuery", "PillionWire", "CPillionSQLite"]),
    .target(name: "PillionPostgreSQL", dependencies: ["PillionDatabase", "PillionWire", "CPillionPostgreSQL"]),

    // gRPC over HTTP/2: knows no model and no database.
    .target(
      name: "PillionTransport",
      dependencies: [
        "CPillionHTTP2", "CPillionZlib",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),

    // The layers around every call: knows no model and no database.
    .target(
      name: "PillionInterceptors",
      dependencies: [
        "PillionTransport", "PillionQuery", "PillionSchema", "PillionWire",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),

    // The actions, and the program around them.
    .target(
      name: "PillionService",
      dependencies: [
        "PillionSchema", "PillionProto", "PillionWire", "PillionQuery", "PillionDatabase", "PillionTransport",
        .product(name: "NIOCore", package: "swift-nio"),
      ]),
    .target(
      name: "PillionServer",
      dependencies: [
        "PillionSchema", "PillionProto", "PillionQuery", "PillionDatabase", "PillionSQLite", "PillionPostgreSQL",
        "PillionTransport", "PillionService", "PillionInterceptors", "CPillionMalloc",
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    // For programs that embed: a server with services and layers of one's own.
    .target(
      name: "Pillion",
      dependencies: [
        "PillionServer", "PillionService", "PillionDatabase", "PillionInterceptors", "PillionQuery", "PillionSchema",
        "PillionTransport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .target(name: "PillionGRPC", dependencies: ["Pillion", .product(name: "GRPCCore", package: "grpc-swift-2")]),
    .target(
      name: "PillionTesting",
      dependencies: [
        "Pillion", "PillionServer", "PillionDatabase", "PillionInterceptors", "PillionQuery", "PillionSchema",
        "PillionTransport",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),
    .executableTarget(
      name: "pillion",
      dependencies: [
        "PillionServer", "PillionSchema", "PillionDatabase", "PillionProto", "PillionTransport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .testTarget(name: "PillionSchemaTests", dependencies: ["PillionSchema"]),
    .testTarget(
      name: "PillionProtoTests",
      dependencies: [
        "PillionProto", "PillionSchema", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Goldens"]),
    .testTarget(name: "PillionWireTests", dependencies: ["PillionWire", "PillionSchema"]),
    .testTarget(name: "PillionQueryTests", dependencies: ["PillionQuery", "PillionSchema"]),
    .testTarget(
      name: "PillionDatabaseTests",
      dependencies: [
        "PillionDatabase", "PillionSQLite", "PillionPostgreSQL", "PillionQuery", "PillionSchema", "PillionWire",
      ]),
    // gRPC's interoperability service, for clients in other languages.
    .executableTarget(
      name: "interop-server",
      dependencies: [
        "PillionInterceptors", "PillionSchema", "PillionTransport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Tests/InteropServer"),
    // A user's program with services and layers of its own, for clients in other languages.
    .executableTarget(
      name: "embedding-server",
      dependencies: [
        "Pillion", "PillionGRPC", .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      path: "Tests/EmbeddingServer",
      exclude: ["models", "protos"]),
    // What the fuzzer tries, and the tests try again on its findings.
    .target(
      name: "FuzzHarness",
      dependencies: [
        "PillionTransport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      path: "Tests/Fuzz/Harness"),
    .testTarget(
      name: "PillionTransportTests",
      dependencies: [
        "PillionTransport", "CPillionHTTP2", "FuzzHarness",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    .testTarget(
      name: "PillionServiceTests",
      dependencies: [
        "PillionService", "PillionSchema", "PillionWire", "PillionDatabase", "PillionTransport",
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ]),
    .testTarget(
      name: "PillionInterceptorsTests",
      dependencies: [
        "PillionInterceptors", "PillionQuery", "PillionSchema", "PillionTransport",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // What a program's own messages go through.
    .testTarget(
      name: "PillionTests",
      dependencies: [
        "Pillion", "PillionService", "PillionTransport", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["protos"]),
    .testTarget(
      name: "PillionServerTests",
      dependencies: [
        "PillionServer", "PillionSchema", "PillionDatabase", "PillionInterceptors", "PillionTransport",
      ]),
  ]
)

// `make fuzz-coverage` builds everything anew with a counter in each branch, and a program around libFuzzer, whose library
// the variable names.
let fuzzer = Context.environment["PILLION_FUZZER"]
if let fuzzer {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzHarness"], path: "Tests/Fuzz/Runner",
      linkerSettings: [.unsafeFlags([fuzzer, "-lstdc++"])]))
}

// The same strict flags for every Swift target; in the project's own tests a warning is an error.
let isStrict = Context.environment["PILLION_STRICT"] == "1"
for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
  if isStrict { target.swiftSettings?.append(.treatAllWarnings(as: .error)) }
  if fuzzer != nil { target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer"])) }
}
