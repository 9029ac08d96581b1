import Glibc
import NIOCore
import PillionSchema
import PillionTransport

/// The addresses that a server is bound to.
package struct BoundAddresses: Sendable {
  package var listen: [ListenAddress]
  package var admin: ListenAddress?
}

extension ServerHost {
  /// Opens the ports that the configuration names; throws if one cannot be, and then `close` is the caller's to call.
  package func listen() throws(StartFailure) -> BoundAddresses {
    do {
      let admin = try configuration.admin.map { try bindAdmin(to: $0) }
      let addresses = try configuration.listen.map { try bind(to: $0) }
      pages.noteListening()
      return BoundAddresses(listen: addresses, admin: admin)
    } catch {
      throw StartFailure(.configuration, error: "\(error)")
    }
  }

  /// The address that is bound.
  private func bind(to address: ListenAddress) throws -> ListenAddress {
    let transport = transport
    do {
      switch address {
      case .tcp(let host, let port, let isPlaintext):
        let isSecure = configuration.hasTLS && !isPlaintext
        let bound = try waitFor { try await transport.bind(host: host, port: port, isSecure: isSecure).port }
        return .tcp(host: host, port: bound ?? port, isPlaintext: isPlaintext)
      case .unix(let path):
        let permissions = configuration.socketPermissions
        try waitFor { try await transport.bind(unixSocket: path, permissions: permissions) }
        return address
      }
    } catch let error as IOError {
      throw AddressError(address: address, reason: String(cString: strerror(error.errnoCode)))
    } catch let error as ListenError {
      throw AddressError(address: address, reason: error.reason)
    }
  }

  private func bindAdmin(to address: ListenAddress) throws -> ListenAddress {
    guard case .tcp(let host, let port, _) = address else { return address }
    do {
      return .tcp(host: host, port: try admin.bind(host: host, port: port, isShared: configuration.sharesPort))
    } catch let error as IOError {
      throw AddressError(address: address, reason: String(cString: strerror(error.errnoCode)))
    }
  }

  /// Tells people what is served where.
  package func announce(_ addresses: BoundAddresses) {
    let schema = definitions.schema
    for address in addresses.listen {
      let isSecure = if case .tcp(_, _, isPlaintext: false) = address { configuration.hasTLS } else { false }
      Terminal.print("listening on \(address)\(isSecure ? " with TLS" : "")")
    }
    if let admin = addresses.admin { Terminal.print("admin        http://\(admin)") }
    Terminal.print("database     \(database.masked)")
    Terminal.print("definitions  \(configuration.models): \(schema.models.count) models")
    let views = schema.views
    for view in views.prefix(20) {
      Terminal.print(
        "  \(view.serviceFullName): \((view.service.actions.map(\.rawValue) + view.service.methods.map(\.name)).joined(separator: " "))"
      )
    }
    if views.count > 20 { Terminal.print("  and \(views.count - 20) more") }
    for service in assembly.services { Terminal.print("  \(service.name): of this program") }
  }
}

/// An address that cannot be listened on.
struct AddressError: Error, CustomStringConvertible {
  var address: ListenAddress
  /// The C library's words.
  var reason: String

  var description: String { "cannot listen on \(address): \(reason)" }
}
