package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

const service = "dev.sigstore.rekor.v2.Rekor"

// overGRPC does with the generated gRPC client what the write client does over HTTP.
func overGRPC(ctx context.Context, at string, log trustedLog) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	base, err := url.Parse(at)
	check(err, "URL")
	connection, err := grpc.NewClient(base.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err, "gRPC client")
	defer connection.Close()
	client := pb.NewRekorClient(connection)

	from := newSigner(kinds()[0], false)
	hashed := from.request([]byte("over gRPC"))
	request := &pb.CreateEntryRequest{
		Spec: &pb.CreateEntryRequest_HashedRekordRequestV002{HashedRekordRequestV002: hashed},
	}
	entry, err := client.CreateEntry(ctx, request)
	check(err, "CreateEntry")
	checkEntry(entry, from, hashed, log)
	again, err := client.CreateEntry(ctx, request)
	check(err, "CreateEntry, the same entry again")
	if again.LogIndex != entry.LogIndex {
		fail("the same entry again got the index %d, not %d", again.LogIndex, entry.LogIndex)
	}
	hashed.Digest[0] ^= 1
	_, err = client.CreateEntry(ctx, request)
	if status.Code(err) != codes.InvalidArgument {
		fail("an altered digest: %v", err)
	}
	checkHealth(ctx, connection)
	checkReflection(ctx, connection)
	fmt.Println("rekor: over gRPC an entry was added and verified, an altered one refused; health and reflection answer")
}

func checkHealth(ctx context.Context, connection *grpc.ClientConn) {
	answer, err := health.NewHealthClient(connection).Check(ctx, &health.HealthCheckRequest{})
	check(err, "health")
	if answer.Status != health.HealthCheckResponse_SERVING {
		fail("the health is %s", answer.Status)
	}
}

func checkReflection(ctx context.Context, connection *grpc.ClientConn) {
	stream, err := reflection.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	check(err, "reflection")
	check(stream.Send(&reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_ListServices{},
	}), "reflection")
	answer, err := stream.Recv()
	check(err, "reflection")
	var names []string
	for _, offered := range answer.GetListServicesResponse().GetService() {
		names = append(names, offered.Name)
	}
	if !strings.Contains(strings.Join(names, " "), service) {
		fail("reflection lists %v", names)
	}
}
