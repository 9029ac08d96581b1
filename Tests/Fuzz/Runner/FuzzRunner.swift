import FuzzHarness
import Glibc

/// `fuzz TARGET …`: libFuzzer's program, with its options behind the target's name.
@main
struct FuzzRunner {
  static func main() {
    guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
      print("usage: fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [libFuzzer's options] FOLDER …")
      exit(64)
    }
    chosen = target
    // libFuzzer reads the program's name and its own options.
    var arguments: [UnsafeMutablePointer<CChar>?] = ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2))
      .map { strdup($0) }
    var count = CInt(arguments.count)
    arguments.append(nil)
    exit(
      arguments.withUnsafeMutableBufferPointer { buffer in
        var pointer = buffer.baseAddress
        return runDriver(&count, &pointer) { bytes, size in
          chosen.run(UnsafeRawBufferPointer(start: bytes, count: size))
          return 0
        }
      })
  }
}

/// Set before libFuzzer starts, never after.
nonisolated(unsafe) private var chosen = FuzzTarget.connection

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
