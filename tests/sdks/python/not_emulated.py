"""The methods of the SDK that the walk does not try, each with the reason."""

CALLS = "the emulator makes no calls"
GROUPS = "the emulator has no groups"
FLOWS = "flows are sent and answered, but the emulator keeps none"
TENANTS = "the emulator is one business with one account and one number"
REVIEW = "templates are approved at once; nobody reviews, pauses, archives or compares them"
USERNAME = "the business's own username is not emulated; those of customers are"
SIGNUPS = "no sign-up links: marketing messages are not emulated"

NOT_EMULATED = {
    "accept_call": CALLS,
    "get_call_permissions": CALLS,
    "initiate_call": CALLS,
    "pre_accept_call": CALLS,
    "reject_call": CALLS,
    "terminate_call": CALLS,
    "approve_group_join_requests": GROUPS,
    "create_group": GROUPS,
    "delete_group": GROUPS,
    "get_group": GROUPS,
    "get_group_invite_link": GROUPS,
    "get_group_join_requests": GROUPS,
    "get_groups": GROUPS,
    "pin_message": GROUPS,
    "reject_group_join_requests": GROUPS,
    "remove_group_participants": GROUPS,
    "reset_group_invite_link": GROUPS,
    "unpin_message": GROUPS,
    "update_group_settings": GROUPS,
    "create_flow": FLOWS,
    "delete_flow": FLOWS,
    "deprecate_flow": FLOWS,
    "get_flow": FLOWS,
    "get_flow_assets": FLOWS,
    "get_flow_metrics": FLOWS,
    "get_flows": FLOWS,
    "migrate_flows": FLOWS,
    "publish_flow": FLOWS,
    "set_business_public_key": FLOWS,
    "update_flow_json": FLOWS,
    "update_flow_metadata": FLOWS,
    "create_phone_number": TENANTS,
    "get_owned_business_accounts": TENANTS,
    "get_shared_business_accounts": TENANTS,
    "migrate_templates": TENANTS,
    "update_business_account_settings": TENANTS,
    "archive_templates": REVIEW,
    "compare_templates": REVIEW,
    "unarchive_templates": REVIEW,
    "unpause_template": REVIEW,
    "upsert_authentication_template": REVIEW,
    "update_conversational_automation": "no ice breakers and commands on the phone's screen",
    "update_display_name": "the verified name does not change; nobody reviews it",
    "delete_username": USERNAME,
    "get_current_username": USERNAME,
    "get_reserved_usernames": USERNAME,
    "set_username": USERNAME,
    "create_signup": SIGNUPS,
    "get_signup": SIGNUPS,
    "get_signups": SIGNUPS,
    "update_signup": SIGNUPS,
}

# Other names of methods that are tried.
ALIASES = {"send_text"}

# Methods that ask Meta for nothing: handlers, the server, listeners.
LOCAL = {
    "add_flow_request_handler",
    "add_handlers",
    "get_flow_request_handler",
    "listen",
    "load_handlers_modules",
    "remove_callbacks",
    "remove_handlers",
    "run",
    "stop_listening",
    "webhook_challenge_handler",
    "webhook_update_handler",
    "webhook_update_validator",
}
