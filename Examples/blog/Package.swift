// swift-tools-version:6.2
import PackageDescription

let package = Package(
  name: "blog",
  dependencies: [
    .package(name: "pillion", path: "../.."),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // What the server is made of; the tests use it as it is.
    .target(
      name: "Blog",
      dependencies: [
        .product(name: "Pillion", package: "pillion"),
        .product(name: "PillionGRPC", package: "pillion"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .executableTarget(name: "blog-server", dependencies: ["Blog", .product(name: "Pillion", package: "pillion")]),
    .testTarget(
      name: "BlogTests",
      dependencies: [
        "Blog", .product(name: "PillionTesting", package: "pillion"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      ],
      exclude: ["Fixtures"]),
    // The manual's Swift, as scripts/doc-snippets writes it.
    .testTarget(
      name: "DocSnippets",
      dependencies: [
        "Blog", .product(name: "PillionGRPC", package: "pillion"),
        .product(name: "PillionTesting", package: "pillion"),
      ]),
  ]
)
