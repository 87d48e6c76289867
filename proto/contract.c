/*
 * contract.c: what radioshop's own two programs serve and call: the descriptor set of the build and its services.
 * Called at their start. Owns nothing.
 */
#include "catalog.h"

#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "grpc/reflection/v1alpha/reflection.pb-c.h"
#include "radioshop/v1/agency.pb-c.h"
#include "radioshop/v1/agreement.pb-c.h"
#include "radioshop/v1/alert.pb-c.h"
#include "radioshop/v1/analyser.pb-c.h"
#include "radioshop/v1/asset.pb-c.h"
#include "radioshop/v1/attachment.pb-c.h"
#include "radioshop/v1/campaign.pb-c.h"
#include "radioshop/v1/component.pb-c.h"
#include "radioshop/v1/custodian.pb-c.h"
#include "radioshop/v1/custody.pb-c.h"
#include "radioshop/v1/event.pb-c.h"
#include "radioshop/v1/inventory.pb-c.h"
#include "radioshop/v1/field.pb-c.h"
#include "radioshop/v1/firmware.pb-c.h"
#include "radioshop/v1/flashcode.pb-c.h"
#include "radioshop/v1/import_run.pb-c.h"
#include "radioshop/v1/key.pb-c.h"
#include "radioshop/v1/limit.pb-c.h"
#include "radioshop/v1/mapping.pb-c.h"
#include "radioshop/v1/loan.pb-c.h"
#include "radioshop/v1/meter.pb-c.h"
#include "radioshop/v1/model.pb-c.h"
#include "radioshop/v1/part.pb-c.h"
#include "radioshop/v1/plan.pb-c.h"
#include "radioshop/v1/principal.pb-c.h"
#include "radioshop/v1/procedure.pb-c.h"
#include "radioshop/v1/radio_system.pb-c.h"
#include "radioshop/v1/replacement.pb-c.h"
#include "radioshop/v1/report.pb-c.h"
#include "radioshop/v1/retirement.pb-c.h"
#include "radioshop/v1/rma.pb-c.h"
#include "radioshop/v1/schedule.pb-c.h"
#include "radioshop/v1/service_record.pb-c.h"
#include "radioshop/v1/shop_calendar.pb-c.h"
#include "radioshop/v1/statement.pb-c.h"
#include "radioshop/v1/stock.pb-c.h"
#include "radioshop/v1/synonym.pb-c.h"
#include "radioshop/v1/ticket.pb-c.h"
#include "radioshop/v1/ticket_code.pb-c.h"
#include "radioshop/v1/ticket_terms.pb-c.h"
#include "radioshop/v1/transfer.pb-c.h"
#include "radioshop/v1/trend.pb-c.h"
#include "radioshop/v1/unit_block.pb-c.h"

extern const unsigned char descriptor_set[];
extern const size_t descriptor_set_len;

/* protobuf-c has no registry: a new service file is entered here, and catalog_load says so if not. */
static const ProtobufCServiceDescriptor *const services[] = {
	&grpc__health__v1__health__descriptor,
	&grpc__reflection__v1__server_reflection__descriptor,
	&grpc__reflection__v1alpha__server_reflection__descriptor,
	&radioshop__v1__agency_service__descriptor,
	&radioshop__v1__agreement_service__descriptor,
	&radioshop__v1__alert_service__descriptor,
	&radioshop__v1__alert_route_service__descriptor,
	&radioshop__v1__analyser_service__descriptor,
	&radioshop__v1__asset_service__descriptor,
	&radioshop__v1__attachment_service__descriptor,
	&radioshop__v1__campaign_service__descriptor,
	&radioshop__v1__component_service__descriptor,
	&radioshop__v1__retirement_service__descriptor,
	&radioshop__v1__transfer_service__descriptor,
	&radioshop__v1__custodian_service__descriptor,
	&radioshop__v1__custody_service__descriptor,
	&radioshop__v1__event_service__descriptor,
	&radioshop__v1__inventory_service__descriptor,
	&radioshop__v1__field_service__descriptor,
	&radioshop__v1__firmware_service__descriptor,
	&radioshop__v1__flashcode_service__descriptor,
	&radioshop__v1__import_service__descriptor,
	&radioshop__v1__key_service__descriptor,
	&radioshop__v1__limit_service__descriptor,
	&radioshop__v1__mapping_service__descriptor,
	&radioshop__v1__loan_service__descriptor,
	&radioshop__v1__fund_service__descriptor,
	&radioshop__v1__labour_rate_service__descriptor,
	&radioshop__v1__meter_service__descriptor,
	&radioshop__v1__model_service__descriptor,
	&radioshop__v1__part_service__descriptor,
	&radioshop__v1__plan_service__descriptor,
	&radioshop__v1__principal_service__descriptor,
	&radioshop__v1__procedure_service__descriptor,
	&radioshop__v1__radio_system_service__descriptor,
	&radioshop__v1__replacement_service__descriptor,
	&radioshop__v1__report_service__descriptor,
	&radioshop__v1__rma_service__descriptor,
	&radioshop__v1__schedule_service__descriptor,
	&radioshop__v1__service_record_service__descriptor,
	&radioshop__v1__shop_calendar_service__descriptor,
	&radioshop__v1__statement_service__descriptor,
	&radioshop__v1__stock_service__descriptor,
	&radioshop__v1__synonym_service__descriptor,
	&radioshop__v1__ticket_service__descriptor,
	&radioshop__v1__ticket_code_service__descriptor,
	&radioshop__v1__ticket_terms_service__descriptor,
	&radioshop__v1__trend_service__descriptor,
	&radioshop__v1__unit_block_service__descriptor,
};

void catalog_init(void)
{
	static struct catalog_source source = {
		.set = descriptor_set, .services = services, .service_count = sizeof(services) / sizeof(services[0])};

	source.set_len = descriptor_set_len;
	catalog_load(&source);
}
