import Glibc
import NIOCore
import NIOPosix
import PillionTransport

/// gRPC's interoperability `TestService` on Pillion's transport, for the clients of other languages in `Tests/Clients`.
///
/// `interop-server [--interceptors FILE.yaml] [CERTIFICATE.pem KEY.pem]` has the layers around each call that the file's
/// `interceptors:` names, and speaks TLS when it is given a certificate. Prints `listening on 127.0.0.1:PORT` and serves
/// until SIGTERM.
@main
struct InteropServer {
  static func main() async throws {
    signal(SIGTERM) { _ in _exit(0) }
    signal(SIGPIPE, SIG_IGN)

    var files = Array(CommandLine.arguments.dropFirst())
    var chain: String?
    if files.count > 1, files[0] == "--interceptors" {
      chain = files[1]
      files.removeFirst(2)
    }
    let configuration = TransportConfiguration()
    let group = configuration.makeEventLoopGroup()
    let credentials = try credentials(files)
    let layers = try chain.map { try InteropLayers(file: $0, text: text($0), group: group) }
    let server = TransportServer(
      configuration: configuration,
      router: Router(methods: layers?.number(InteropService.methods) ?? InteropService.methods),
      group: group, credentials: credentials, interceptors: layers?.all ?? [])
    let address = try await server.bind(host: "127.0.0.1", port: 0, isSecure: credentials != nil)
    print("listening on 127.0.0.1:\(address.port ?? 0)")
    fflush(nil)
    while true { try await Task.sleep(for: .seconds(3600)) }
  }

  private static func credentials(_ files: [String]) throws -> TLSCredentials? {
    guard files.count == 2 else { return nil }
    return try TLSCredentials(certificate: read(files[0]), key: read(files[1]))
  }

  private static func text(_ path: String) -> String { String(decoding: read(path), as: UTF8.self) }

  private static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, 1 << 16, file)
    return Array(bytes.prefix(count))
  }
}
