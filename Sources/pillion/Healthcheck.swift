import ArgumentParser
import PillionSchema
import PillionServer
import PillionTransport

struct Healthcheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Asks a server whether it is serving, by grpc.health.v1.Health.",
    discussion: """
      Exit codes: 0 it is serving, 1 it is not, 69 nobody answers. Without --address the server is the one that \
      pillion.yaml and the environment describe: its first address in plaintext, or else its first.
      """)

  @OptionGroup var settings: SettingsFileOption

  @Option(help: ArgumentHelp("The server's address, or unix:path.", valueName: "host:port"))
  var address: String?

  @Option(help: ArgumentHelp("Only this service, such as blog.PostController; default: all.", valueName: "name"))
  var service = ""

  @Option(help: ArgumentHelp("How long all of it may take: 250ms, 3s.", valueName: "duration"))
  var timeout = "3s"

  @Flag(help: "Any answer will do: the server is alive, though perhaps not ready.")
  var live = false

  @Flag(help: "Speaks TLS; so do the other flags for it.")
  var tls = false

  @Option(
    help: ArgumentHelp(
      "Authorities that may have signed the server's certificate; default: the system's.", valueName: "pem"))
  var tlsCa: String?

  @Option(
    help: ArgumentHelp(
      "Name that the server's certificate has to be for, if not for its address; default: the host.", valueName: "name")
  )
  var tlsName: String?

  @Option(help: ArgumentHelp("Certificate to show to the server.", valueName: "pem"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("Private key of that certificate.", valueName: "pem"))
  var tlsKey: String?

  func validate() throws {
    if address.map({ ListenAddress($0) == nil }) == true {
      throw ValidationError("--address: expected host:port or unix:path.")
    }
    if milliseconds == nil { throw ValidationError("--timeout: expected a duration such as 250ms or 3s.") }
    if (tlsCertificate == nil) != (tlsKey == nil) {
      throw ValidationError("--tls-certificate and --tls-key need each other.")
    }
  }

  func run() throws {
    let (target, isSecure) = try server()
    var security: UnaryClient.TLS?
    if isSecure || tls || tlsCa != nil || tlsName != nil || tlsCertificate != nil {
      var identity: (certificate: String, key: String)?
      if let tlsCertificate, let tlsKey { identity = (tlsCertificate, tlsKey) }
      security = UnaryClient.TLS(authorities: tlsCa, name: tlsName, identity: identity)
    }
    var command = HealthcheckCommand(
      client: UnaryClient(target: target, tls: security, timeoutMilliseconds: milliseconds ?? 3000))
    command.service = service
    command.asksLife = live
    try command.run().exit()
  }

  /// At least one: a timeout of nothing would never ask.
  private var milliseconds: Int? { Quantity.milliseconds(timeout).map { max(1, $0) } }

  private func server() throws -> (target: UnaryClient.Target, isSecure: Bool) {
    if let address = address.flatMap({ ListenAddress($0) }) { return (address.target, false) }
    guard let own = try settings.load([:]).ownAddress else {
      throw ValidationError("server.listen leaves the port to the system; give --address.")
    }
    return (own.address.target, own.isSecure)
  }
}
