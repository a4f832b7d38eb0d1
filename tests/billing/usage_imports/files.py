"""Exports as vendors write them, with made-up figures."""

ANTHROPIC = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed\n"
    "2026-11-20,claude-haiku-5-5-20260901,app,Default,standard,≤ 200k,100,5,2,30,50,0,global,\n"
    "2026-11-20,claude-haiku-5-5-20260901,other,Default,standard,≤ 200k,10,0,0,0,5,0,global,\n"
    "2026-11-21,claude-sonnet-5-5,app,Default,standard,≤ 200k,7,0,0,0,3,0,global,\n"
)
ANTHROPIC_COST = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "list_price_usd,cost_type,inference_geo,speed\n"
    "2026-11-20,Claude Haiku 5.5,Default,app,message,≤ 200k,input_no_cache,0.20,0.2,token,global,\n"
    "2026-11-20,Claude Haiku 5.5,Default,app,message,≤ 200k,output,0.05,0.05,token,global,\n"
    "2026-11-20,,Default,app,,,,0.01,0.01,web_search,global,\n"
)
OPENAI = (
    "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,"
    "api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens\n"
    "1763596800,1763683200,2025-11-20T00:00:00+00:00,2025-11-21T00:00:00+00:00,,12,,,"
    "gpt-6-luna-2026-08-07,false,,1000,200,400\n"
    "1763683200,1763769600,2025-11-21T00:00:00+00:00,2025-11-22T00:00:00+00:00,,,,,,,,,,\n"
)
OPENAI_COST = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,"
    "project_id,organization_id,organization_name\n"
    '1763596800,1763683200,2025-11-20T00:00:00+00:00,2025-11-21T00:00:00+00:00,'
    '0.8958740000000001,usd,"gpt-6-luna-2026-08-07, input",,org-1,Ours\n'
    '1763596800,1763683200,2025-11-20T00:00:00+00:00,2025-11-21T00:00:00+00:00,'
    '1e-05,usd,"gpt-6-luna-2026-08-07, output",,org-1,Ours\n'
    "1763683200,1763769600,2025-11-21T00:00:00+00:00,2025-11-22T00:00:00+00:00,,,,,,\n"
)


def ours(*lines: str) -> bytes:
    header = "day,model,requests,fresh_input_tokens,output_tokens,cost_usd"
    return "\n".join([header, *lines]).encode()
