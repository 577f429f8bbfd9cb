<?php
/**
 * Changes of everyone who matches a filter: they are few requests, pending for each person at once.
 *
 * @package wcflow-companion
 */

$checks['everyone who matches is found, also behind the first page'] = function () {
	$cards = array();
	for ( $person = 5001; $person <= 5100; $person++ ) {
		$cards[] = card( $person, array( 'name' => "Bulky $person", 'tags' => array( 'Bulky' ), 'segment' => $person % 2 ? 'Odd' : 'Even', 'customer_id' => 5001 === $person ? 77 : 0, 'accounts' => 5001 === $person ? array( 77 ) : array() ) );
	}
	same( array(), Wcflow_People::save_many( $cards, 'a.2' ), 'saved' );
	$pairs = Wcflow_People::pairs( array( 'tag' => 'Bulky' ), 1000 );
	same( array( 100, array( 5001, 77 ), array( 5100, 0 ) ), array( count( $pairs ), $pairs[0], $pairs[99] ), 'by tag' );
	same( 50, count( Wcflow_People::pairs( array( 'tag' => 'Bulky', 'segment' => 'Odd' ), 1000 ) ), 'by tag and segment' );
	same( array( array( 5042, 0 ) ), Wcflow_People::pairs( array( 'search' => 'bulky 5042' ), 1000 ), 'by name' );
	same( 30, count( Wcflow_People::pairs( array( 'tag' => 'Bulky' ), 30 ) ), 'at most' );
	same( array(), Wcflow_People::pairs( array( 'tag' => 'None' ), 1000 ), 'none' );
};

$checks['one change of many people is few requests, and pending for each of them'] = function () {
	global $wpdb;
	$table = Wcflow_Tables::name( 'requests' );
	$last  = Wcflow_Streams::bounds( 'requests' )['last'];
	$bulk  = wp_generate_uuid4();
	$pairs = array_merge( Wcflow_People::pairs( array( 'tag' => 'Bulky' ), 1000 ), array_fill( 0, 950, array( 9, 0 ) ) );
	same( false, Wcflow_Mailbox::has_bulk( $bulk ), 'not yet' );
	same( true, Wcflow_Mailbox::add_many( 'tag.add', $pairs, array( array( 'tag' => 'Gold' ), array( 'tag' => 'Press' ) ), $bulk, 'a.2' ), 'sent' );
	same( true, Wcflow_Mailbox::has_bulk( $bulk ), 'sent once' );
	age( 'requests', 5 );
	$rows = Wcflow_Streams::read( 'requests', $last, 'x', 500 )['rows'];
	$rows = array_values( array_filter( $rows, function ( $row ) use ( $last ) { return $row['id'] > $last; } ) );
	same( array( 'Gold', 'Gold', 'Gold', 'Press', 'Press', 'Press' ), array_map( function ( $row ) { return $row['data']->tag; }, $rows ), 'requests' );
	same( array( 500, 500, 50 ), array_map( function ( $row ) { return count( $row['data']->people ); }, array_slice( $rows, 0, 3 ) ), 'people' );
	same( array( 0, $bulk, 'tag.add', array( 5001, 77 ) ), array( $rows[0]['person'], $rows[0]['bulk'], $rows[0]['action'], $rows[0]['data']->people[0] ), 'request' );
	$pending = Wcflow_Mailbox::pending_for( 5042 );
	same( array( array( 'tag' => 'Gold' ), array( 'tag' => 'Press' ) ), array_column( $pending, 'data' ), 'pending' );
	same( array( 5042, 5043 ), array_keys( Wcflow_Mailbox::pending_for_many( array( 5042, 5043, 17 ) ) ), 'pending for many' );
	$answers = array_map( function ( $row ) { return array( 'id' => $row['id'], 'key' => $row['key'], 'state' => 'done', 'words' => '' ); }, $rows );
	same( 6, Wcflow_Mailbox::answer( $answers ), 'answers' );
	same( array(), Wcflow_Mailbox::pending_for( 5042 ), 'not pending' );
	$steps = $wpdb->get_results( "EXPLAIN SELECT * FROM `$table` WHERE person = 0 AND state = 'pending' AND bulk <> '' ORDER BY id LIMIT 500" );
	same( true, null !== $steps[0]->possible_keys, 'index' );
};

$checks['a change of many people is sent as a whole or not at all'] = function () {
	global $wpdb;
	$last   = Wcflow_Streams::bounds( 'requests' )['last'];
	$number = 0;
	$broken = function ( $sql ) use ( &$number ) {
		return 0 === strpos( $sql, 'INSERT INTO `' . Wcflow_Tables::name( 'requests' ) ) && ++$number > 1 ? 'BROKEN' : $sql;
	};
	$wpdb->suppress_errors( true );
	add_filter( 'query', $broken );
	$sent = Wcflow_Mailbox::add_many( 'tag.add', array_fill( 0, 11000, array( 9, 0 ) ), array( array( 'tag' => 'Gold' ) ), wp_generate_uuid4(), 'a.2' );
	remove_filter( 'query', $broken );
	$wpdb->suppress_errors( false );
	same( 'wcflow_not_saved', is_wp_error( $sent ) ? $sent->get_error_code() : $sent, 'error' );
	same( $last, Wcflow_Streams::bounds( 'requests' )['last'], 'nothing' );
	same( 'wcflow_unknown_action', Wcflow_Mailbox::add_many( 'tag.paint', array( array( 9, 0 ) ), array( array() ), 'b', 'a.2' )->get_error_code(), 'unknown' );
};

$checks['a page of the stream stays below a megabyte'] = function () {
	$last  = Wcflow_Streams::bounds( 'requests' )['last'];
	$pairs = array_fill( 0, 500, array( 123456789012345678, 123456789012345678 ) );
	Wcflow_Mailbox::add_many( 'tag.add', array_merge( ...array_fill( 0, 60, $pairs ) ), array( array( 'tag' => 'Gold' ) ), wp_generate_uuid4(), 'a.2' );
	age( 'requests', 5 );
	global $wpdb;
	$key  = $wpdb->get_var( $wpdb->prepare( 'SELECT row_key FROM ' . Wcflow_Tables::name( 'requests' ) . ' WHERE id = %d', $last ) );
	$page = Wcflow_Streams::read( 'requests', $last, $key, 200 );
	same( true, $page['more'], 'more' );
	same( true, strlen( wp_json_encode( $page ) ) < 1000000, 'size' );
	$seen = count( $page['rows'] );
	while ( $page['more'] ) {
		$end   = end( $page['rows'] );
		$page  = Wcflow_Streams::read( 'requests', $end['id'], $end['key'], 200 );
		$seen += count( $page['rows'] );
	}
	same( 60, $seen, 'all' );
	$wpdb->query( $wpdb->prepare( 'DELETE FROM ' . Wcflow_Tables::name( 'requests' ) . " WHERE id > %d", $last ) );
};
