<?php
/**
 * What the plugin must do in a real WordPress; prints one line for each check.
 *
 * @package wcflow-companion
 */

require_once ABSPATH . 'wp-admin/includes/plugin.php';
require_once ABSPATH . 'wp-admin/includes/user.php';

/**
 * Throws where two values differ.
 *
 * @param mixed  $wanted Value.
 * @param mixed  $found  Value.
 * @param string $what   What it is about.
 */
function same( $wanted, $found, $what = '' ) {
	if ( $wanted !== $found ) {
		throw new Exception( "$what: wanted " . wp_json_encode( $wanted ) . ', found ' . wp_json_encode( $found ) );
	}
}

/**
 * Calls a route of the plugin; returns the status and the data.
 *
 * @param string $method HTTP method.
 * @param string $path   Path below the namespace.
 * @param mixed  $body   Body as values or as text.
 * @param array  $params Query parameters.
 */
function call( $method, $path, $body = null, $params = array() ) {
	$request = new WP_REST_Request( $method, "/wc-wcflow/v1/$path" );
	$request->set_query_params( $params );
	if ( null !== $body ) {
		$request->set_header( 'Content-Type', 'application/json' );
		$request->set_body( is_string( $body ) ? $body : wp_json_encode( $body ) );
	}
	$response = rest_do_request( $request );
	return array( $response->get_status(), json_decode( wp_json_encode( $response->get_data() ), true ) );
}

/**
 * Makes all rows of a stream as old as that many seconds.
 *
 * @param string $stream  Stream.
 * @param int    $seconds Seconds.
 */
function age( $stream, $seconds ) {
	global $wpdb;
	$wpdb->query( $wpdb->prepare( 'UPDATE ' . Wcflow_Tables::name( $stream ) . ' SET at = %s', gmdate( 'Y-m-d H:i:s', time() - $seconds ) ) );
}

/**
 * Returns a card.
 *
 * @param int   $person Id.
 * @param array $fields Fields that differ.
 */
function card( $person, $fields = array() ) {
	return array_merge( array( 'person' => $person, 'email' => "p$person@x.example", 'name' => "Person $person", 'emails' => array( "p$person@x.example" ) ), $fields );
}

$checks = array();

$checks['activation makes tables, epoch, capability and the daily purge'] = function () {
	global $wpdb;
	foreach ( Wcflow_Tables::NAMES as $name ) {
		same( Wcflow_Tables::name( $name ), $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', Wcflow_Tables::name( $name ) ) ), $name );
	}
	same( 1, preg_match( '/^[0-9a-f-]{36}$/', Wcflow_Tables::epoch() ), 'epoch' );
	same( true, get_role( 'administrator' )->has_cap( 'wcflow_edit' ), 'administrator' );
	same( true, get_role( 'shop_manager' )->has_cap( 'wcflow_edit' ), 'shop manager' );
	same( true, (bool) wp_next_scheduled( 'wcflow_purge' ), 'purge' );
	// What every page asks for is loaded with all other options; a missing option would be a query each time.
	same( true, array_key_exists( 'wcflow_events', wp_load_alloptions( true ) ) && array_key_exists( 'wcflow_db_version', wp_load_alloptions() ), 'loaded at once' );
};

$checks['making the tables again changes nothing'] = function () {
	$epoch = Wcflow_Tables::epoch();
	Wcflow_People::save( card( 5 ) );
	Wcflow_Tables::install();
	global $wpdb;
	same( '', $wpdb->last_error, 'error' );
	same( $epoch, Wcflow_Tables::epoch(), 'epoch' );
	same( 'Person 5', Wcflow_People::find( 5 )['name'], 'person' );
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	$schema = new ReflectionMethod( 'Wcflow_Tables', 'schema' );
	$schema->setAccessible( true );
	same( array(), dbDelta( $schema->invoke( null ), false ), 'what dbDelta would still do' );
};

$checks['an older version of the tables is upgraded when a page is loaded'] = function () {
	global $wpdb;
	$table = Wcflow_Tables::name( 'people' );
	$wpdb->query( "ALTER TABLE $table DROP COLUMN tier" );
	update_option( 'wcflow_db_version', 0 );
	Wcflow_Tables::init();
	same( true, false !== has_action( 'init', array( 'Wcflow_Tables', 'install' ) ), 'hook' );
	Wcflow_Tables::install();
	same( 'tier', $wpdb->get_var( "SHOW COLUMNS FROM $table LIKE 'tier'" ), 'column' );
};

$checks['tables that are gone are made anew, with another epoch'] = function () {
	global $wpdb;
	$epoch = Wcflow_Tables::epoch();
	$wpdb->query( 'DROP TABLE ' . Wcflow_Tables::name( 'changes' ) );
	$status = call( 'GET', 'status' )[1];
	same( array( 'first' => 0, 'last' => 0 ), $status['streams']['changes'], 'changes' );
	same( false, $status['epoch'] === $epoch, 'epoch' );
	same( $status['epoch'], call( 'GET', 'status' )[1]['epoch'], 'epoch again' );
};

$checks['no capability, no answer'] = function () {
	foreach ( array( 0 => 401, wp_insert_user( array( 'user_login' => 'c', 'user_pass' => 'x', 'role' => 'subscriber' ) ) => 403 ) as $user => $status ) {
		wp_set_current_user( $user );
		foreach ( array( array( 'GET', 'status' ), array( 'GET', 'changes' ), array( 'GET', 'requests' ), array( 'GET', 'events' ), array( 'POST', 'requests/answers' ), array( 'POST', 'people' ), array( 'POST', 'people/finish' ), array( 'PUT', 'summary' ), array( 'PUT', 'settings' ) ) as $route ) {
			same( $status, call( $route[0], $route[1], 'GET' === $route[0] ? null : array() )[0], $route[1] );
		}
		same( 'wcflow_forbidden', Wcflow_Mailbox::add( 'tag.add', null, array() )->get_error_code(), 'mailbox' );
	}
	wp_set_current_user( 1 );
};

$checks['cards are saved, replaced and removed'] = function () {
	$cards = array( card( 17, array( 'tags' => array( 'Gold', 'Old' ), 'spent' => '1234.50', 'accounts' => array( 3, 4 ) ) ), card( 18 ) );
	same( array( 200, array( 'saved' => 2, 'gone' => 0, 'refused' => array() ) ), call( 'POST', 'people', array( 'generation' => 'a.1', 'people' => $cards ) ) );
	$cards[0]['tags'] = array( 'Gold' );
	$cards[0]['accounts'] = array( 4 );
	call( 'POST', 'people', array( 'generation' => 'a.2', 'people' => array( $cards[0] ) ) );
	same( array( 'Gold' ), Wcflow_People::find( 17 )['tags'], 'tags' );
	same( 0, Wcflow_People::query( array( 'tag' => 'Old' ) )[1], 'old tag' );
	same( null, Wcflow_People::find_by_customer( 3 ), 'old account' );
	same( '1234.50', Wcflow_People::find_by_customer( 4 )['spent'], 'spent' );
	same( 17, Wcflow_People::find_by_email( ' P17@X.example' )['person'], 'address' );
	same( 2, call( 'POST', 'people/finish', array( 'generation' => 'a.2' ) )[1]['removed'], 'others' );
	same( 1, call( 'GET', 'status' )[1]['people'], 'people' );
	same( 1, call( 'POST', 'people', array( 'generation' => 'a.2', 'people' => array(), 'gone' => array( 17, 99 ) ) )[1]['gone'], 'gone' );
	same( null, Wcflow_People::find( 17 ), 'person' );
};

$checks['hostile and broken cards are taken as far as they go'] = function () {
	global $wpdb;
	$long = str_repeat( '😀', 300 );
	$rtl  = "\u{202E}مرحبا";
	$odd  = array(
		'person' => 30, 'email' => array( 'x' ), 'name' => "<script>alert('1')</script>\"\\%_", 'segment' => $long, 'segment_since' => '2026-13-45T99:99:99Z', 'tags' => array( $long, $rtl, 7, null, array( 1 ), "it's \"quoted\"\\" ),
		'groups' => 'none', 'spent' => 'much', 'orders' => 'x', 'points' => '12', 'last_order' => '0000-00-00', 'notes' => array( 'x', array( 'text' => 'y' ) ), 'billing' => array( 'city' => array() ), 'status' => 'sleeping',
		'timeline' => array( 'a' => array( 'words' => 'b' ) ), 'accounts' => array( 'x', -1, '12' ), 'unknown' => array( 'kept' => true ),
	);
	same( array( 'saved' => 1, 'gone' => 0, 'refused' => array() ), call( 'POST', 'people', array( 'generation' => 'a.2', 'people' => array( $odd ) ) )[1] );
	$found = Wcflow_People::find( 30 );
	same( $odd['name'], $found['name'], 'name' );
	same( array( 12 ), $found['accounts'], 'accounts' );
	same( '12', $wpdb->get_var( 'SELECT customer_id FROM ' . Wcflow_Tables::name( 'people' ) . ' WHERE person = 30' ), 'account of the row' );
	same( array( $long, $rtl, '7', "it's \"quoted\"\\" ), $found['tags'], 'tags' );
	same( null, $found['segment_since'], 'since' );
	same( '0.00', $found['spent'], 'spent' );
	same( 'active', $found['status'], 'status' );
	same( array( array( 'text' => 'y' ) ), $found['notes'], 'notes' );
	same( 30, Wcflow_People::query( array( 'tag' => "it's \"quoted\"\\" ) )[0][0]['person'], 'by tag' );
	same( 30, Wcflow_People::query( array( 'tag' => $long ) )[0][0]['person'], 'by long tag' );
	same( 30, Wcflow_People::query( array( 'search' => 'script' ) )[0][0]['person'], 'by word' );
	same( 0, Wcflow_People::query( array( 'search' => '%' ) )[1], 'percent' );
	same( 0, Wcflow_People::query( array( 'search' => "' OR 1=1 --" ) )[1], 'injection' );
	$refused = call( 'POST', 'people', array( 'generation' => 'a.2', 'people' => array( 'x', array(), array( 'person' => '5' ), array( 'person' => -1 ) ) ) )[1];
	same( array( 0, 4 ), array( $refused['saved'], count( $refused['refused'] ) ), 'refused' );
};

$checks['cards are saved all or none'] = function () {
	global $wpdb;
	$wpdb->suppress_errors( true );
	$broken = function ( $sql ) {
		return 0 === strpos( $sql, 'INSERT INTO `' . Wcflow_Tables::name( 'labels' ) ) ? 'BROKEN' : $sql;
	};
	add_filter( 'query', $broken );
	same( 500, call( 'POST', 'people', array( 'generation' => 'a.2', 'people' => array( card( 40, array( 'tags' => array( 'Gold' ) ) ) ) ) )[0], 'status' );
	remove_filter( 'query', $broken );
	$wpdb->suppress_errors( false );
	same( null, Wcflow_People::find( 40 ), 'person' );
};

$checks['bad bodies are refused in words'] = function () {
	same( 400, call( 'POST', 'people', '{"people":[' )[0], 'broken JSON' );
	same( 400, call( 'POST', 'people', '[1]' )[0], 'list' );
	same( 400, call( 'POST', 'people', array( 'people' => array() ) )[0], 'no generation' );
	same( 413, call( 'POST', 'people', array( 'generation' => 'g', 'people' => array_fill( 0, 101, array() ) ) )[0], '101 cards' );
	same( 413, call( 'PUT', 'summary', '{"x":"' . str_repeat( 'x', 1100000 ) . '"}' )[0], 'large' );
	same( 400, call( 'PUT', 'settings', array( 'digest' => 'd', 'unsubscribe_key' => 'zz', 'link_key' => 'zz' ) )[0], 'keys' );
	same( 400, call( 'GET', 'changes', null, array( 'limit' => 501 ) )[0], 'limit' );
};

$checks['lists: filters, searches, orders and pages'] = function () {
	$cards = array();
	for ( $person = 101; $person <= 160; $person++ ) {
		$cards[] = card( $person, array(
			'name'    => 'Anna-Maria Öhr' . $person, 'segment' => $person % 2 ? 'VIP' : 'New', 'spent' => (string) ( $person % 7 ), 'tags' => $person % 3 ? array( 'Gold', 'All' ) : array( 'All' ),
			'groups'  => array( 'G' ), 'company' => 'ACME', 'tier' => 'Gold', 'status' => $person % 10 ? 'active' : 'inactive',
		) );
	}
	same( array(), Wcflow_People::save_many( $cards, 'a.2' ), 'saved' );
	same( 60, Wcflow_People::query( array( 'group' => 'G' ) )[1], 'group' );
	same( 20, count( Wcflow_People::query( array( 'group' => 'G' ) )[0] ), 'page' );
	same( 20, Wcflow_People::query( array( 'group' => 'G', 'segment' => 'VIP', 'tag' => 'Gold' ) )[1], 'three filters' );
	same( 6, Wcflow_People::query( array( 'status' => 'inactive' ) )[1], 'status' );
	foreach ( array( 'anna', 'öhr10', 'maria öhr1', 'anna-maria', 'p11', 'p115@x.example', 'x.ex öhr' ) as $words ) {
		same( true, Wcflow_People::query( array( 'search' => $words, 'company' => 'ACME' ) )[1] > 0, $words );
	}
	foreach ( Wcflow_People::ORDERS as $column ) {
		foreach ( array( array(), array( 'segment' => 'VIP' ), array( 'tag' => 'All' ) ) as $filter ) {
			$seen = array();
			for ( $page = 1; $page <= 10; $page++ ) {
				foreach ( Wcflow_People::query( $filter + array( 'orderby' => $column, 'order' => 'desc', 'per_page' => 7, 'page' => $page ) )[0] as $row ) {
					$seen[] = $row['person'];
				}
			}
			same( count( $seen ), count( array_unique( $seen ) ), "no person twice by $column" );
			same( $filter ? ( isset( $filter['tag'] ) ? 60 : 30 ) : 61, count( $seen ), "everybody by $column" );
		}
	}
	$walked = array();
	$after  = 0;
	do {
		$rows = Wcflow_People::walk( array( 'tag' => 'Gold' ), $after, 9 );
		foreach ( $rows as $row ) {
			$after    = $row['person'];
			$walked[] = $after;
		}
	} while ( $rows );
	same( 40, count( array_unique( $walked ) ), 'walk' );
	same( 'VIP', Wcflow_People::names( 'segment', 'v' )[0], 'names' );
	same( 60, Wcflow_People::counts( 'tag' )['All'], 'counts' );
	same( array( 'p101@x.example' ), array_keys( Wcflow_People::find_many_by_emails( array( 'P101@x.example', 'nobody@x.example', '' ) ) ), 'many' );
};

$checks['every list reads an index'] = function () {
	global $wpdb;
	$seen = array();
	$note = function ( $sql ) use ( &$seen ) {
		if ( false !== strpos( $sql, 'wcflow_' ) && 0 === strpos( ltrim( $sql ), 'SELECT' ) && false === strpos( $sql, '_options' ) ) {
			$seen[] = $sql;
		}
		return $sql;
	};
	add_filter( 'query', $note );
	foreach ( array( array(), array( 'segment' => 'VIP' ), array( 'tag' => 'All' ), array( 'tag' => 'Gold', 'group' => 'G', 'search' => 'anna öhr' ) ) as $filter ) {
		foreach ( Wcflow_People::ORDERS as $column ) {
			Wcflow_People::query( $filter + array( 'orderby' => $column ) );
		}
		Wcflow_People::walk( $filter, 5 );
	}
	Wcflow_People::find( 101 );
	Wcflow_People::find_by_customer( 4 );
	Wcflow_People::find_many_by_emails( array( 'p101@x.example' ) );
	Wcflow_Mailbox::pending_for( 101 );
	Wcflow_Mailbox::latest_for( 101 );
	Wcflow_Mailbox::pending();
	Wcflow_Streams::read( 'events', 1, 'x', 10 );
	remove_filter( 'query', $note );
	same( true, count( $seen ) > 40, 'queries' );
	foreach ( $seen as $sql ) {
		foreach ( $wpdb->get_results( "EXPLAIN $sql", ARRAY_A ) as $step ) {
			if ( null !== $step['table'] && 0 !== strpos( $step['table'], '<' ) ) {
				// Of a table of 60 rows all are read where half of them are wanted, whatever the index.
				same( false, null === $step['key'] && null === $step['possible_keys'], "$sql " . wp_json_encode( $step ) );
			}
		}
	}
};

$checks['streams: order, pages, young rows, keys, resets'] = function () {
	foreach ( array( array( 'order', 5, 'saved' ), array( 'order', 5, 'note' ), array( 'order', 5, 'trashed' ), array( 'order', 5, 'saved' ), array( 'customer', 5, 'saved' ), array( 'order', 6, 'note' ), array( 'order', 6, 'deleted' ), array( 'order', 6, 'note' ), array( 'order', 0, 'saved' ) ) as $change ) {
		Wcflow_Streams::append_change( ...$change );
	}
	Wcflow_Streams::flush();
	same( array(), call( 'GET', 'changes' )[1]['rows'], 'young rows' );
	age( 'changes', 10 );
	$answer = call( 'GET', 'changes' )[1];
	$told   = array();
	foreach ( array_slice( $answer['rows'], -4 ) as $row ) {
		$told[] = "{$row['kind']} {$row['object_id']} {$row['what']}";
	}
	same( array( 'order 5 trashed', 'order 5 note', 'customer 5 saved', 'order 6 deleted' ), $told, 'rows' );
	$rows = $answer['rows'];
	same( Wcflow_Tables::epoch(), $answer['epoch'], 'epoch' );
	$page = call( 'GET', 'changes', null, array( 'after' => $rows[0]['id'], 'key' => $rows[0]['key'], 'limit' => 1 ) )[1];
	same( array( false, true, $rows[1]['id'] ), array( $page['reset'], $page['more'], $page['rows'][0]['id'] ), 'page' );
	$last = end( $rows );
	$page = call( 'GET', 'changes', null, array( 'after' => $last['id'], 'key' => $last['key'] ) )[1];
	same( array( false, array() ), array( $page['reset'], $page['rows'] ), 'end' );
	$page = call( 'GET', 'changes', null, array( 'after' => $last['id'], 'key' => 'other' ) )[1];
	same( array( true, $rows[0]['id'] ), array( $page['reset'], $page['rows'][0]['id'] ), 'another key' );
	same( true, call( 'GET', 'changes', null, array( 'after' => $last['id'] + 1, 'key' => 'x' ) )[1]['reset'], 'beyond the end' );
};

$checks['old rows are purged, and numbers never go back'] = function () {
	$last = Wcflow_Streams::bounds( 'changes' )['last'];
	age( 'changes', 15 * DAY_IN_SECONDS );
	Wcflow_Tables::purge();
	same( array( 'first' => $last, 'last' => $last ), Wcflow_Streams::bounds( 'changes' ), 'bounds' );
	same( false, call( 'GET', 'changes', null, array( 'after' => $last - 1, 'key' => 'purged' ) )[1]['reset'], 'a purged row is no reset' );
	Wcflow_Streams::append_change( 'order', 9, 'saved' );
	Wcflow_Streams::flush();
	same( $last + 1, Wcflow_Streams::bounds( 'changes' )['last'], 'next' );
};

$checks['the mailbox: pending, answered, refused, kept'] = function () {
	Wcflow_People::save( card( 17 ) );
	$person = Wcflow_People::find( 17 );
	$one    = Wcflow_Mailbox::add( 'tag.add', $person, array( 'tag' => "It's \"so\" <b>\\n😀" ), '', 'why' );
	$two    = Wcflow_Mailbox::add( 'held.approve', null, array( 'token' => 't' ), wp_generate_uuid4() );
	same( 'wcflow_unknown_action', Wcflow_Mailbox::add( 'tag.paint', $person, array() )->get_error_code(), 'unknown' );
	same( array( $one, 1 ), array( Wcflow_Mailbox::pending_for( 17 )[0]['id'], count( Wcflow_Mailbox::pending_for( 17 ) ) ), 'pending' );
	same( array( 17 ), array_keys( Wcflow_Mailbox::pending_for_many( array( 17, 18 ) ) ), 'many' );
	age( 'requests', 5 );
	$rows = call( 'GET', 'requests' )[1]['rows'];
	same( array( 'tag.add', "It's \"so\" <b>\\n😀", 'why', 'admin', 0 ), array( $rows[0]['action'], $rows[0]['data']['tag'], $rows[0]['reason'], $rows[0]['by'], $rows[1]['person'] ), 'rows' );
	$answers = array( array( 'id' => $one, 'key' => $rows[0]['key'], 'state' => 'done', 'words' => 'Added.' ), array( 'id' => $two, 'key' => 'other', 'state' => 'done', 'words' => '' ), 'x' );
	same( array( 'saved' => 1 ), call( 'POST', 'requests/answers', array( 'answers' => $answers ) )[1], 'saved' );
	same( array( 'saved' => 1 ), call( 'POST', 'requests/answers', array( 'answers' => $answers ) )[1], 'saved again' );
	same( array(), Wcflow_Mailbox::pending_for( 17 ), 'not pending' );
	same( array( 'done', 'Added.' ), array( Wcflow_Mailbox::latest_for( 17 )[0]['state'], Wcflow_Mailbox::latest_for( 17 )[0]['answer'] ), 'answer' );
	age( 'requests', 20 * DAY_IN_SECONDS );
	Wcflow_Mailbox::add( 'held.approve', null, array( 'token' => 'u' ) );
	Wcflow_Tables::purge();
	same( array(), Wcflow_Mailbox::find_many( array( $one ) ), 'answered and old' );
	same( 2, Wcflow_Mailbox::count_pending(), 'what nobody has taken stays' );
	same( 0, Wcflow_Streams::erase( 'p17@x.example' ), 'erase' );
};

require __DIR__ . '/orders_checks.php';

require __DIR__ . '/bulk_checks.php';
require __DIR__ . '/database_checks.php';
require __DIR__ . '/limit_checks.php';

$checks['summary and settings are kept'] = function () {
	same( array( 'saved' => true ), call( 'PUT', 'summary', array( 'daemon' => '1', 'queue' => 'x', 'tasks' => array( 'x', array( 'id' => 1 ) ), 'vocabulary' => array( 'tags' => array( 'Gold', array() ) ) ) )[1] );
	$summary = Wcflow_Settings::summary();
	same( array( array( 'waiting' => 0, 'failed' => 0 ), array( array( 'id' => 1 ) ), null, 'Gold' ), array( array_intersect_key( $summary['queue'], array( 'waiting' => 0, 'failed' => 0 ) ), $summary['tasks'], $summary['held'], Wcflow_Settings::vocabulary( 'tags' )[0] ), 'summary' );
	same( 7, count( Wcflow_Settings::vocabulary( 'note_categories' ) ), 'categories' );
	$given = array( 'digest' => 'd1', 'unsubscribe_key' => str_repeat( 'ab', 32 ), 'link_key' => str_repeat( 'cd', 32 ), 'topics' => array( array( 'name' => 'email', 'label' => 'E', 'meta' => 'accepts_marketing' ) ) );
	same( array( 'saved' => true ), call( 'PUT', 'settings', $given )[1] );
	same( 'd1', call( 'GET', 'status' )[1]['settings'], 'digest' );
	same( str_repeat( "\xab", 32 ), Wcflow_Settings::key( 'unsubscribe' ), 'key' );
	$given['topics'][0]['meta'] = 'wp_capabilities';
	same( 400, call( 'PUT', 'settings', $given )[0], 'a reserved key' );
	global $wpdb;
	same( 0, (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->options WHERE option_name IN ('wcflow_summary', 'wcflow_settings', 'wcflow_generation', 'wcflow_epoch') AND autoload NOT IN ('no', 'off', 'auto-off')" ), 'loaded on every page' );
};

$checks['what happens to users is told'] = function () {
	$told = function ( $what ) {
		Wcflow_Streams::flush();
		$before = Wcflow_Streams::bounds( 'changes' )['last'];
		$what();
		Wcflow_Streams::flush();
		global $wpdb;
		return implode( ', ', $wpdb->get_col( $wpdb->prepare( "SELECT CONCAT(kind, ' ', object_id, ' ', what) FROM " . Wcflow_Tables::name( 'changes' ) . ' WHERE id > %d ORDER BY id', $before ) ) );
	};
	$user = wp_insert_user( array( 'user_login' => 'anna', 'user_pass' => 'x', 'user_email' => 'anna@x.example', 'role' => 'subscriber' ) );
	$wait = Wcflow_Streams::bounds( 'changes' );
	same( "customer $user saved", $told( function () use ( $user ) { update_user_meta( $user, 'birthday', '1.1.' ); delete_user_meta( $user, 'birthday' ); } ), 'meta' );
	same( '', $told( function () use ( $user ) { update_user_meta( $user, 'session_tokens', 'x' ); update_user_meta( $user, '_cart', 'x' ); update_user_meta( $user, 'wp_user-settings', 'x' ); } ), 'the dashboard\'s own' );
	same( "customer $user saved", $told( function () use ( $user ) { wp_update_user( array( 'ID' => $user, 'user_email' => 'b@x.example' ) ); } ), 'profile' );
	same( "customer $user saved", $told( function () use ( $user ) { ( new WP_User( $user ) )->set_role( 'editor' ); } ), 'role' );
	if ( ! is_multisite() ) {
		same( "customer $user deleted", $told( function () use ( $user ) { wp_delete_user( $user ); } ), 'deleted' );
	}
	register_post_type( 'shop_order' );
	register_post_type( 'shop_order_refund' );
	$order = wp_insert_post( array( 'post_type' => 'shop_order', 'post_title' => 'o', 'post_status' => 'publish' ) );
	Wcflow_Streams::flush();
	same( "order $order saved", $told( function () use ( $order ) { update_post_meta( $order, '_billing_city', 'X' ); } ), 'order meta' );
	same( '', $told( function () use ( $order ) { update_post_meta( $order, '_edit_lock', 'X' ); } ), 'lock' );
	$note = 0;
	same( "order $order note", $told( function () use ( $order, &$note ) { $note = wp_insert_comment( array( 'comment_post_ID' => $order, 'comment_content' => 'x', 'comment_type' => 'order_note' ) ); } ), 'note' );
	same( "order $order note", $told( function () use ( $note ) { wp_delete_comment( $note, true ); } ), 'note deleted' );
	same( '', $told( function () { wp_insert_post( array( 'post_title' => 'page', 'post_status' => 'publish' ) ); } ), 'other posts' );
	same( "order $order trashed", $told( function () use ( $order ) { wp_trash_post( $order ); } ), 'trashed' );
	same( "order $order deleted", $told( function () use ( $order ) { wp_delete_post( $order, true ); } ), 'order deleted' );
};

require __DIR__ . '/task_checks.php';
require __DIR__ . '/privacy_checks.php';

$checks['deactivated and activated again, everything is there'] = function () {
	$epoch = Wcflow_Tables::epoch();
	$last  = Wcflow_Streams::bounds( 'changes' )['last'];
	deactivate_plugins( 'wcflow-companion/wcflow-companion.php' );
	same( false, wp_next_scheduled( 'wcflow_purge' ), 'purge' );
	same( null, activate_plugin( 'wcflow-companion/wcflow-companion.php' ), 'activation' );
	same( $epoch, Wcflow_Tables::epoch(), 'epoch' );
	same( $last, Wcflow_Streams::bounds( 'changes' )['last'], 'last' );
	same( true, Wcflow_People::count() > 0, 'people' );
	same( true, (bool) wp_next_scheduled( 'wcflow_purge' ), 'purge' );
};

$checks['uninstalled, nothing of the plugin stays'] = function () {
	global $wpdb;
	update_user_meta( 1, 'wcflow_tags', 'Gold' );
	Wcflow_Streams::flush();
	define( 'WP_UNINSTALL_PLUGIN', 'wcflow-companion/wcflow-companion.php' );
	require WP_PLUGIN_DIR . '/wcflow-companion/uninstall.php';
	same( array(), $wpdb->get_col( "SHOW TABLES LIKE '%wcflow%'" ), 'tables' );
	same( array(), $wpdb->get_col( "SELECT option_name FROM $wpdb->options WHERE option_name LIKE '%wcflow%'" ), 'options' );
	same( false, get_role( 'administrator' )->has_cap( 'wcflow_edit' ), 'capability' );
	same( 'Gold', get_user_meta( 1, 'wcflow_tags', true ), 'tags' );
};

foreach ( $checks as $name => $check ) {
	try {
		$check();
		echo "ok $name\n";
	} catch ( Throwable $fault ) {
		echo "not ok $name: ", $fault->getMessage(), ' (', basename( $fault->getFile() ), ':', $fault->getLine(), ")\n";
	}
}
