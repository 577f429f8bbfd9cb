<?php
/**
 * Tasks that someone marked as done stay marked until the next list of tasks comes.
 *
 * @package wcflow-companion
 */

$checks['a task that was done is shown as such until the next summary'] = function () {
	global $wpdb;
	$table = Wcflow_Tables::name( 'requests' );
	$show  = function () {
		return array_map( function ( $request ) { return $request['action'] . ' ' . $request['data']['task']; }, Wcflow_Mailbox::of_tasks( Wcflow_Settings::summary()['received_at'] ) );
	};
	call( 'PUT', 'summary', array( 'daemon' => '1', 'received_at' => 'forged' ) );
	same( 1, preg_match( '/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/', Wcflow_Settings::summary()['received_at'] ), 'received' );
	same( array(), $show(), 'none' );
	$ids = array();
	foreach ( array( 'task.done' => '4', 'task.snooze' => '5', 'edit.undo' => '6' ) as $action => $task ) {
		$ids[] = Wcflow_Mailbox::add( $action, null, array( 'task' => $task ) );
	}
	same( array( 'task.done 4', 'task.snooze 5' ), $show(), 'pending' );
	$rows = Wcflow_Mailbox::find_many( $ids );
	call( 'POST', 'requests/answers', array( 'answers' => array( array( 'id' => $ids[0], 'key' => $rows[0]['key'], 'state' => 'done', 'words' => 'x' ), array( 'id' => $ids[1], 'key' => $rows[1]['key'], 'state' => 'refused', 'words' => 'x' ) ) ) );
	same( array( 'task.done 4' ), $show(), 'done, and the list is older' );
	$wpdb->query( $wpdb->prepare( "UPDATE $table SET answered_at = %s WHERE id = %d", gmdate( 'Y-m-d H:i:s', time() - 5 ), $ids[0] ) );
	call( 'PUT', 'summary', array( 'daemon' => '1' ) );
	same( array(), $show(), 'the list is newer' );
	$steps = $wpdb->get_results( "EXPLAIN SELECT * FROM $table WHERE state = 'done' AND answered_at >= NOW() AND action IN ('task.done', 'task.snooze') ORDER BY id LIMIT 1000" );
	same( true, null !== $steps[0]->possible_keys && false !== strpos( $steps[0]->possible_keys, 'state_answered' ), 'index' );
};
