import Glibc

/// What the kernel says of this process, read from proc(5).
struct ProcessStatistics {
  var residentBytes = 0
  var virtualBytes = 0
  var threads = 0
  var cpuSeconds = 0.0
  /// Unix seconds.
  var startTime = 0.0
  var openDescriptors = 0
  var maxDescriptors = 0

  static func now() -> ProcessStatistics {
    var statistics = ProcessStatistics()
    statistics.readStat()
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      statistics.maxDescriptors = Int(clamping: limit.rlim_cur)
    }
    statistics.openDescriptors = countDescriptors()
    return statistics
  }

  private mutating func readStat() {
    // The name, in parentheses, may hold anything; behind it are numbers, the first being field 3.
    guard let stat = TextFile.read("/proc/self/stat"), let end = stat.lastIndex(of: ")") else { return }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    func field(_ number: Int) -> Double {
      let index = number - 3
      return fields.indices.contains(index) ? Double(fields[index]) ?? 0 : 0
    }
    let ticks = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    cpuSeconds = (field(14) + field(15)) / ticks
    threads = Int(field(20))
    startTime = Self.bootTime + field(22) / ticks
    virtualBytes = Int(field(23))
    residentBytes = Int(field(24)) * sysconf(Int32(_SC_PAGESIZE))
  }

  private static let bootTime: Double = {
    let lines = TextFile.read("/proc/stat")?.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) } ?? 0
  }()

  private static func countDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    // Without `.`, `..` and the folder's own.
    return max(0, count - 3)
  }
}
