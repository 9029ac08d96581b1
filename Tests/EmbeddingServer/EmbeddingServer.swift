import Pillion
import PillionGRPC

/// What a user writes to have a server with services of their own, for the clients in `Tests/Clients`: nothing but
/// `public` is used here.
///
/// `embedding-server service|grpc` serves gRPC's interoperability `TestService`, written as a `Service`, or registered as
/// what grpc-swift-2 generates; `embedding-server shelf` what code makes of the models in `models/`. Beside it are the
/// models of the folder, and `test.Greeter`. Further words are those of `MeasuredHooks`.
@main
struct EmbeddingServer {
  static func main() {
    var server = Server(settings: ["server.listen": "127.0.0.1:0"])
    server.isDevelopment = CommandLine.arguments.contains("--dev")
    if MeasuredHooks.add(CommandLine.arguments.last, to: &server) { server.main() }
    server.register("Stamp") { Stamp() }
    server.add(Greeter())
    switch CommandLine.arguments.last {
    case "grpc":
      addNotes(to: &server)
      server.add(grpc: [GeneratedInterop()])
    case "shelf":
      server.add(Shelf())
      server.add(AuthorController())
      server.add(Librarian())
    case "wrong":
      // What the definitions of the tests do not declare, or declare with other messages.
      for method in NoteMethods.all { server.add(method, to: "blog.PostController") }
      server.add(ServiceMethod.unary("Draft") { (note: Blog_Note, _) in note }, to: "blog.NoteController")
      server.add(ServiceMethod.unary("Words", bytes: { request, _ in request }), to: "blog.NoteController")
      server.add(
        ServiceMethod.clientStreaming("Count", bytes: { _, _ in [] }), to: "blog.NoteController")
    default:
      addNotes(to: &server)
      server.add(InteropService())
    }
    server.main()
  }

  private static func addNotes(to server: inout Server) {
    server.add(NoteHooks())
    for method in NoteMethods.all { server.add(method, to: "blog.NoteController") }
    server.add(NoteKeeper())
  }
}

/// Adds a trailer to every answer, and refuses calls that ask for it.
struct Stamp: Interceptor {
  func begin(_ call: ServerCall) -> Verdict {
    call.metadata["x-refuse"].map { .refuse(Status(.permissionDenied, $0)) } ?? .proceed
  }

  func finish(_ call: ServerCall, _ status: inout Status) { call.addTrailer("x-stamp", call.method.path) }
}
