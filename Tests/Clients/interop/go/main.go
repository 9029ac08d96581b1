// gRPC's interoperability cases in Go: `client HOST:PORT [AUTHORITY.pem]`, over TLS when an authority is given, prints the
// name of each case that passed.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "interop"
)

var (
	sizes   = []int{27182, 8, 1828, 45904}
	answers = []int32{31415, 9, 2653, 58979}
)

func require(fine bool, format string, values ...interface{}) {
	if !fine {
		fmt.Fprintf(os.Stderr, "failed: "+format+"\n", values...)
		os.Exit(1)
	}
}

func requireCode(err error, code codes.Code) {
	require(status.Code(err) == code, "wanted %v, got %v", code, err)
}

func limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Minute)
}

func large() *pb.SimpleRequest {
	return &pb.SimpleRequest{ResponseSize: 314159, Payload: &pb.Payload{Body: make([]byte, 271828)}}
}

func emptyUnary(stub pb.TestServiceClient) {
	ctx, cancel := limited()
	defer cancel()
	_, err := stub.EmptyCall(ctx, &pb.Empty{})
	requireCode(err, codes.OK)
}

func largeUnary(stub pb.TestServiceClient) {
	ctx, cancel := limited()
	defer cancel()
	answer, err := stub.UnaryCall(ctx, large())
	requireCode(err, codes.OK)
	require(len(answer.Payload.Body) == 314159, "payload of %d", len(answer.Payload.Body))
}

func compressedUnary(stub pb.TestServiceClient) {
	for _, compressed := range []bool{true, false} {
		ctx, cancel := limited()
		request := large()
		request.ExpectCompressed = &pb.BoolValue{Value: compressed}
		request.ResponseCompressed = &pb.BoolValue{Value: compressed}
		var options []grpc.CallOption
		if compressed {
			options = append(options, grpc.UseCompressor(gzip.Name))
		}
		answer, err := stub.UnaryCall(ctx, request, options...)
		requireCode(err, codes.OK)
		require(len(answer.Payload.Body) == 314159, "payload of %d", len(answer.Payload.Body))
		cancel()
	}
}

func clientStreaming(stub pb.TestServiceClient, options ...grpc.CallOption) {
	ctx, cancel := limited()
	defer cancel()
	stream, err := stub.StreamingInputCall(ctx, options...)
	requireCode(err, codes.OK)
	for _, size := range sizes {
		request := &pb.StreamingInputCallRequest{Payload: &pb.Payload{Body: make([]byte, size)}}
		if len(options) > 0 {
			request.ExpectCompressed = &pb.BoolValue{Value: true}
		}
		require(stream.Send(request) == nil, "send")
	}
	answer, err := stream.CloseAndRecv()
	requireCode(err, codes.OK)
	require(answer.AggregatedPayloadSize == 74922, "size %d", answer.AggregatedPayloadSize)
}

func serverStreaming(stub pb.TestServiceClient, compressed bool) {
	ctx, cancel := limited()
	defer cancel()
	request := &pb.StreamingOutputCallRequest{}
	for _, size := range answers {
		parameters := &pb.ResponseParameters{Size: size}
		if compressed {
			parameters.Compressed = &pb.BoolValue{Value: size > 10000}
		}
		request.ResponseParameters = append(request.ResponseParameters, parameters)
	}
	stream, err := stub.StreamingOutputCall(ctx, request)
	requireCode(err, codes.OK)
	for _, size := range answers {
		answer, err := stream.Recv()
		requireCode(err, codes.OK)
		require(len(answer.Payload.Body) == int(size), "payload of %d", len(answer.Payload.Body))
	}
	_, err = stream.Recv()
	require(err == io.EOF, "end %v", err)
}

func ask(size int32, payload int) *pb.StreamingOutputCallRequest {
	return &pb.StreamingOutputCallRequest{
		ResponseParameters: []*pb.ResponseParameters{{Size: size}}, Payload: &pb.Payload{Body: make([]byte, payload)},
	}
}

func pingPong(stub pb.TestServiceClient) {
	ctx, cancel := limited()
	defer cancel()
	stream, err := stub.FullDuplexCall(ctx)
	requireCode(err, codes.OK)
	for index, size := range answers {
		require(stream.Send(ask(size, sizes[index])) == nil, "send")
		answer, err := stream.Recv()
		requireCode(err, codes.OK)
		require(len(answer.Payload.Body) == int(size), "payload of %d", len(answer.Payload.Body))
	}
	require(stream.CloseSend() == nil, "close")
	_, err = stream.Recv()
	require(err == io.EOF, "end %v", err)
}

func emptyStream(stub pb.TestServiceClient) {
	ctx, cancel := limited()
	defer cancel()
	stream, err := stub.FullDuplexCall(ctx)
	requireCode(err, codes.OK)
	require(stream.CloseSend() == nil, "close")
	_, err = stream.Recv()
	require(err == io.EOF, "end %v", err)
}

func customMetadata(stub pb.TestServiceClient) {
	ctx, cancel := limited()
	defer cancel()
	text, bytes := "test_initial_metadata_value", "\xab\xab\xab\x00\xff"
	ctx = metadata.AppendToOutgoingContext(ctx, "x-grpc-test-echo-initial", text, "x-grpc-test-echo-trailing-bin", bytes)
	var header, trailer metadata.MD
	_, err := stub.UnaryCall(ctx, large(), grpc.Header(&header), grpc.Trailer(&trailer))
	requireCode(err, codes.OK)
	found := append(header.Get("x-grpc-test-echo-initial"), trailer.Get("x-grpc-test-echo-trailing-bin")...)
	require(len(found) == 2 && found[0] == text && found[1] == bytes, "metadata %q", found)
}

func statusMessage(stub pb.TestServiceClient, message string) {
	ctx, cancel := limited()
	defer cancel()
	_, err := stub.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: 2, Message: message}})
	requireCode(err, codes.Unknown)
	require(status.Convert(err).Message() == message, "message %q", status.Convert(err).Message())
}

func unimplemented(stub pb.TestServiceClient, other pb.UnimplementedServiceClient) {
	ctx, cancel := limited()
	defer cancel()
	_, err := stub.UnimplementedCall(ctx, &pb.Empty{})
	requireCode(err, codes.Unimplemented)
	_, err = other.UnimplementedCall(ctx, &pb.Empty{})
	requireCode(err, codes.Unimplemented)
}

func cancelAfterBegin(stub pb.TestServiceClient) {
	ctx, cancel := limited()
	stream, err := stub.StreamingInputCall(ctx)
	requireCode(err, codes.OK)
	cancel()
	_, err = stream.CloseAndRecv()
	requireCode(err, codes.Canceled)
}

func cancelAfterFirstResponse(stub pb.TestServiceClient) {
	ctx, cancel := limited()
	stream, err := stub.FullDuplexCall(ctx)
	requireCode(err, codes.OK)
	require(stream.Send(ask(31415, 27182)) == nil, "send")
	_, err = stream.Recv()
	requireCode(err, codes.OK)
	cancel()
	_, err = stream.Recv()
	requireCode(err, codes.Canceled)
}

func timeoutOnSleepingServer(stub pb.TestServiceClient) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	stream, err := stub.FullDuplexCall(ctx)
	if err == nil {
		stream.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: make([]byte, 27182)}})
		_, err = stream.Recv()
	}
	requireCode(err, codes.DeadlineExceeded)
}

func main() {
	security := grpc.WithInsecure()
	if len(os.Args) > 2 {
		authority, err := credentials.NewClientTLSFromFile(os.Args[2], "localhost")
		require(err == nil, "%v", err)
		security = grpc.WithTransportCredentials(authority)
	}
	connection, err := grpc.Dial(os.Args[1], security)
	require(err == nil, "%v", err)
	stub, other := pb.NewTestServiceClient(connection), pb.NewUnimplementedServiceClient(connection)
	cases := []struct {
		name string
		run  func()
	}{
		{"empty_unary", func() { emptyUnary(stub) }},
		{"large_unary", func() { largeUnary(stub) }},
		{"compressed_unary", func() { compressedUnary(stub) }},
		{"client_streaming", func() { clientStreaming(stub) }},
		{"client_compressed_streaming", func() { clientStreaming(stub, grpc.UseCompressor(gzip.Name)) }},
		{"server_streaming", func() { serverStreaming(stub, false) }},
		{"server_compressed_streaming", func() { serverStreaming(stub, true) }},
		{"ping_pong", func() { pingPong(stub) }},
		{"empty_stream", func() { emptyStream(stub) }},
		{"custom_metadata", func() { customMetadata(stub) }},
		{"status_code_and_message", func() { statusMessage(stub, "test status message") }},
		{"special_status_message", func() {
			statusMessage(stub, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")
		}},
		{"unimplemented", func() { unimplemented(stub, other) }},
		{"cancel_after_begin", func() { cancelAfterBegin(stub) }},
		{"cancel_after_first_response", func() { cancelAfterFirstResponse(stub) }},
		{"timeout_on_sleeping_server", func() { timeoutOnSleepingServer(stub) }},
	}
	for _, test := range cases {
		test.run()
		fmt.Println(test.name)
	}
}
