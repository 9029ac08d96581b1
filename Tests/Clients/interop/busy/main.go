// A busy client that does nothing wrong: `busy HOST:PORT SECONDS RATE MEGABYTES` makes so many unary calls a second on one
// connection, and beside them streams of so many megabytes, one after the other. Prints what it did; anything but OK, or a
// second connection, is a failure.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	pb "interop"
)

func fail(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, "failed: "+format+"\n", values...)
	os.Exit(1)
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		fail("%v", err)
	}
	return value
}

func stream(stub pb.TestServiceClient, megabytes int) {
	const size = 256 << 10
	request := &pb.StreamingOutputCallRequest{}
	for part := 0; part < megabytes*4; part++ {
		request.ResponseParameters = append(request.ResponseParameters, &pb.ResponseParameters{Size: size})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	answers, err := stub.StreamingOutputCall(ctx, request)
	for err == nil {
		var answer *pb.StreamingOutputCallResponse
		if answer, err = answers.Recv(); err == nil && len(answer.Payload.Body) != size {
			fail("%d bytes", len(answer.Payload.Body))
		}
	}
	if err != io.EOF {
		fail("stream: %v", err)
	}
}

func main() {
	address, seconds, rate, megabytes := os.Args[1], number(os.Args[2]), number(os.Args[3]), number(os.Args[4])
	var connections, calls, streams int64
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		atomic.AddInt64(&connections, 1)
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	// As often as gRPC for Go pings at most; it also pings to find out how large its windows should be.
	alive := keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 20 * time.Second, PermitWithoutStream: true}
	conn, err := grpc.Dial(address, grpc.WithInsecure(), grpc.WithContextDialer(dial), grpc.WithKeepaliveParams(alive))
	if err != nil {
		fail("%v", err)
	}
	stub := pb.NewTestServiceClient(conn)
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	var waiting sync.WaitGroup
	for worker := 0; worker < 2; worker++ {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			for time.Now().Before(end) {
				stream(stub, megabytes)
				atomic.AddInt64(&streams, 1)
			}
		}()
	}
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	for time.Now().Before(end) {
		<-ticker.C
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if _, err := stub.UnaryCall(ctx, &pb.SimpleRequest{ResponseSize: 100, Payload: &pb.Payload{Body: make([]byte, 100)}}); err != nil {
				fail("call: %v", err)
			}
			atomic.AddInt64(&calls, 1)
		}()
	}
	waiting.Wait()
	if connections != 1 {
		fail("%d connections", connections)
	}
	fmt.Printf("%d calls, %d streams of %d MB, 1 connection\n", calls, streams, megabytes)
}
