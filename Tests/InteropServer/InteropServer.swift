import Glibc
import NIOCore
import NIOPosix
import PillionTransport

/// gRPC's interoperability `TestService` on Pillion's transport, for the clients of other languages in `Tests/Clients`.
///
/// `interop-server [CERTIFICATE.pem KEY.pem]` speaks TLS when it is given a certificate. Prints
/// `listening on 127.0.0.1:PORT` and serves until SIGTERM.
@main
struct InteropServer {
  static func main() async throws {
    signal(SIGTERM) { _ in _exit(0) }
    signal(SIGPIPE, SIG_IGN)

    let configuration = TransportConfiguration()
    let group = configuration.makeEventLoopGroup()
    let credentials = try credentials(Array(CommandLine.arguments.dropFirst()))
    let server = TransportServer(
      configuration: configuration, router: Router(methods: InteropService.methods), group: group,
      credentials: credentials)
    let address = try await server.bind(host: "127.0.0.1", port: 0, isSecure: credentials != nil)
    print("listening on 127.0.0.1:\(address.port ?? 0)")
    fflush(nil)
    while true { try await Task.sleep(for: .seconds(3600)) }
  }

  private static func credentials(_ files: [String]) throws -> TLSCredentials? {
    guard files.count == 2 else { return nil }
    return try TLSCredentials(certificate: read(files[0]), key: read(files[1]))
  }

  private static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, 1 << 16, file)
    return Array(bytes.prefix(count))
  }
}
