// A provider for Terraform that knows what another one accepts, and does nothing: Terraform can
// check and plan with it, without a cloud and without that provider. The schemas are in schema.json
// beside the program (see ../schemas.py). Values that only the cloud knows are unknown in plans, or
// made up if FASTI_PLAN says so, and where data is read.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Type                         json.RawMessage
	Required, Optional, Computed bool
}

type nested struct {
	Nesting  string
	Min, Max int64
	Block    block
}

type block struct {
	Attributes map[string]attribute
	Blocks     map[string]nested
}

type described struct {
	Provider       block
	Resource, Data map[string]block
}

// Methods that are not here are of no use for a plan.
type server struct {
	tfprotov5.ProviderServer
	described
}

func main() {
	program, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(program), "schema.json"))
	if err != nil {
		log.Fatal(err)
	}
	var s server
	if err := json.Unmarshal(text, &s.described); err != nil {
		log.Fatal(err)
	}
	if err := tf5server.Serve("fasti/schemas", func() tfprotov5.ProviderServer { return s }); err != nil {
		log.Fatal(err)
	}
}

func (a attribute) tftype() tftypes.Type {
	parsed, err := tftypes.ParseJSONType(a.Type) //nolint:staticcheck // there is no other
	if err != nil {
		log.Fatalf("%s: %v", a.Type, err)
	}
	return parsed
}

func (b block) schema() *tfprotov5.SchemaBlock {
	schema := &tfprotov5.SchemaBlock{}
	for name, a := range b.Attributes {
		schema.Attributes = append(schema.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: a.tftype(), Required: a.Required, Optional: a.Optional, Computed: a.Computed,
		})
	}
	nestings := map[string]tfprotov5.SchemaNestedBlockNestingMode{
		"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
		"list":   tfprotov5.SchemaNestedBlockNestingModeList,
		"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	}
	for name, n := range b.Blocks {
		schema.BlockTypes = append(schema.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Nesting: nestings[n.Nesting], MinItems: n.Min, MaxItems: n.Max, Block: n.Block.schema(),
		})
	}
	return schema
}

func (b block) top() *tfprotov5.Schema { return &tfprotov5.Schema{Block: b.schema()} }

// fill replaces what was left to the provider. Arguments that could be given are only replaced at
// the top.
func (b block) fill(value tftypes.Value, isTop bool, with func(tftypes.Type) any) tftypes.Value {
	var members map[string]tftypes.Value
	if value.IsNull() || !value.IsKnown() || value.As(&members) != nil {
		return value
	}
	for name, a := range b.Attributes {
		if a.Computed && (isTop || !a.Optional) && members[name].IsNull() {
			members[name] = tftypes.NewValue(a.tftype(), with(a.tftype()))
		}
	}
	for name, n := range b.Blocks {
		if n.Nesting == "single" {
			members[name] = n.Block.fill(members[name], false, with)
			continue
		}
		var each []tftypes.Value
		if !members[name].IsKnown() || members[name].As(&each) != nil {
			continue
		}
		for i := range each {
			each[i] = n.Block.fill(each[i], false, with)
		}
		members[name] = tftypes.NewValue(members[name].Type(), each)
	}
	return tftypes.NewValue(value.Type(), members)
}

func (b block) filled(value *tfprotov5.DynamicValue, with func(tftypes.Type) any) (*tfprotov5.DynamicValue, error) {
	of := b.top().ValueType()
	given, err := value.Unmarshal(of)
	if err != nil {
		return nil, err
	}
	filled, err := tfprotov5.NewDynamicValue(of, b.fill(given, true, with))
	return &filled, err
}

func unknown(tftypes.Type) any { return tftypes.UnknownValue }

// madeUp is what data sources say, and what a plan has in place of unknown values if all of it shall
// be seen.
func madeUp(of tftypes.Type) any {
	switch {
	case of.Is(tftypes.String):
		return "given"
	case of.Is(tftypes.Number):
		return 1
	case of.Is(tftypes.Bool):
		return true
	case of.Equal(tftypes.List{ElementType: tftypes.String}), of.Equal(tftypes.Set{ElementType: tftypes.String}):
		return []tftypes.Value{tftypes.NewValue(tftypes.String, "192.0.2.0/24")}
	default:
		return nil
	}
}

func (s server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	return &tfprotov5.GetMetadataResponse{}, nil
}

func (s server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	all := func(blocks map[string]block) map[string]*tfprotov5.Schema {
		schemas := map[string]*tfprotov5.Schema{}
		for name, b := range blocks {
			schemas[name] = b.top()
		}
		return schemas
	}
	return &tfprotov5.GetProviderSchemaResponse{
		Provider: s.Provider.top(), ResourceSchemas: all(s.Resource), DataSourceSchemas: all(s.Data),
	}, nil
}

func (s server) PrepareProviderConfig(_ context.Context, request *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (s server) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (s server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (s server) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

func (s server) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (s server) ReadDataSource(_ context.Context, request *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	state, err := s.Data[request.TypeName].filled(request.Config, madeUp)
	return &tfprotov5.ReadDataSourceResponse{State: state}, err
}

func (s server) PlanResourceChange(_ context.Context, request *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	with := unknown
	if os.Getenv("FASTI_PLAN") == "made-up" {
		with = madeUp
	}
	planned, err := s.Resource[request.TypeName].filled(request.ProposedNewState, with)
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: planned, UnsafeToUseLegacyTypeSystem: true}, err
}
